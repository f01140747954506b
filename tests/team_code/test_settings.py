"""The settings that name a team's Channels 1.x code, and that nothing of it is loaded without them."""

import os
import sys
from pathlib import Path

import pytest

from proj.team_code import naming
from proj.team_code.faults import TeamFault
from tests.team_code.conftest import Team

OURS = ["django.contrib.auth", "proj.rooms", "django.contrib.admin.apps.SimpleAdminConfig"]
PRINT_LOADED = (
    "import django, sys; django.setup(); import proj.asgi, proj.urls; "
    "print(*sorted(name for name in sys.modules if name.split('.')[0] in ('channels_legacy', 'deck')))"
)


def test_without_a_routing_nothing_is_loaded(team: Team) -> None:
    done = team.python(PRINT_LOADED, SIGNALBOX_CHANNEL_ROUTING="")
    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr


def test_without_a_routing_no_queues_of_turns_are_loaded(team: Team) -> None:
    code = (
        "import django, sys; django.setup(); import proj.asgi, proj.layer.publish; "
        "from channels.layers import get_channel_layer as layer; layer(), layer('work'); "
        "words = ('.turns', '.turn_queue', '.socket_registry', '.legacy', 'team_code'); "
        "print(*sorted(name for name in sys.modules if name[:4] in ('proj', 'cons') and any(w in name for w in words)))"
    )
    done = team.python(code, SIGNALBOX_CHANNEL_ROUTING="")
    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr


def test_pages_and_commands_import_the_routing_that_leads_to_the_bindings(team: Team) -> None:
    binding = (
        "from channels_legacy.binding.websockets import WebsocketBinding\n"
        "class CardBinding(WebsocketBinding):\n"
        "    model, stream, fields = 'deck.Card', 'cards', ['id']\n"
        "    @classmethod\n"
        "    def group_names(cls, instance):\n        print('asked for the groups')\n        return []\n"
    )
    team.write("deck/consumers.py", binding + "def connect(message):\n    pass\n")
    assert team.manage("channels1", "--prepare").returncode == 0
    change = "from deck.models import Card; Card.objects.create()"
    assert "asked for the groups" in team.python(f"import proj.wsgi; {change}").stdout
    assert "asked for the groups" in team.manage("shell", "-c", change).stdout


def test_the_code_of_a_team_is_found_with_its_models_and_settings(team: Team) -> None:
    code = (
        "import django; django.setup(); from django.conf import settings; from deck.models import Card; "
        "from channels_legacy import channel_layers; "
        "print(Card._meta.label, settings.DECK_COLOURS, hasattr(settings, '_hidden'), settings.INSTALLED_APPS[-3:])"
    )
    done = team.python(code, SIGNALBOX_CHANNEL_SETTINGS="deck.more")
    assert done.stdout.strip() == "deck.Card ['red'] False ['channels_legacy', 'channels_legacy.delay', 'deck']", (
        done.stderr
    )


@pytest.mark.parametrize("role", ["interface", "doctor", "setup"])
def test_a_process_with_a_role_imports_no_code_of_a_team(team: Team, role: str) -> None:
    team.write("deck/__init__.py", "raise RuntimeError('broken')\n")
    code = "import django; django.setup(); from django.conf import settings; print('deck' in settings.INSTALLED_APPS)"
    done = team.python(code, SIGNALBOX_CHANNEL_SETTINGS="deck.more", SIGNALBOX_ROLE=role)
    assert done.stdout.strip() == "False", done.stderr


def test_a_folder_that_is_none_is_a_fault(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    for folder, reason in (("/nowhere", "no folder"), ("code", "no absolute path")):
        with pytest.raises(TeamFault, match=f"SIGNALBOX_CHANNEL_CODE names {folder}, which is {reason}"):
            naming.put_on_path([folder])
    with monkeypatch.context() as patch, pytest.raises(TeamFault, match="may not read; run: chmod"):
        patch.setattr(os, "access", lambda *_: False)  # root may read everything
        naming.put_on_path([str(tmp_path)])
    naming.put_on_path([str(tmp_path)])
    assert sys.path == [str(tmp_path)]


def test_the_apps_of_a_team_stand_behind_ours_once() -> None:
    assert naming.apps(OURS, ["deck", "proj.rooms", "deck"]) == [*OURS, "deck"]
    with pytest.raises(TeamFault, match="names 4u, which is no dotted name"):
        naming.apps(OURS, ["deck", "4u"])


def test_an_app_with_the_label_of_ours_is_refused(importable: Team) -> None:
    importable.write("rooms/__init__.py", "")
    with pytest.raises(TeamFault, match=r"its label 'rooms' is that of proj\.rooms; give its AppConfig in rooms\.apps"):
        naming.apps(OURS, ["rooms"])
    config = "from django.apps import AppConfig\nclass C(AppConfig):\n    name = 'rooms'\n    label = 'their_rooms'\n"
    importable.write("rooms/apps.py", config)
    assert naming.apps(OURS, ["rooms"]) == [*OURS, "rooms"]


def test_a_setting_of_ours_is_not_overridden(importable: Team) -> None:
    importable.write("more_of_ours.py", "DEBUG = True\nSESSION_COOKIE_NAME = 'x'\n")
    with pytest.raises(TeamFault, match=r"more_of_ours\.py \(SIGNALBOX_.*SETTINGS\) may not set DEBUG, SESSION_COOKIE"):
        naming.further_settings("more_of_ours", ["DEBUG"])
    with pytest.raises(TeamFault, match=r"names deck\.none, which cannot be imported: ModuleNotFoundError"):
        naming.further_settings("deck.none", [])
