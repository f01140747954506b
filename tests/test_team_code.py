"""The settings for code of Channels 1.x, and that nothing of it is loaded without them."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from proj import team_code
from tests.house import ROOT

OURS = ["django.contrib.auth", "proj.rooms", "django.contrib.admin.apps.SimpleAdminConfig"]
TEAM = {
    "deck/__init__.py": "",
    "deck/apps.py": "from django.apps import AppConfig\nclass DeckConfig(AppConfig):\n    name = 'deck'\n",
    "deck/models.py": "from django.db import models\nclass Card(models.Model):\n    pass\n",
    "deck/consumers.py": "def connect(message):\n    pass\n",
    "deck/routing.py": "from channels_legacy import route\n"
    "channel_routing = [route('websocket.connect', 'deck.consumers.connect')]\n",
    "deck/more.py": "DECK_COLOURS = ['red']\n_hidden = 1\n",
}
PRINT_LOADED = (
    "import django, sys; django.setup(); import proj.asgi, proj.urls; "
    "print(*sorted(name for name in sys.modules if name.split('.')[0] in ('channels_legacy', 'deck')))"
)


@pytest.fixture
def team(tmp_path: Path) -> Path:
    for name, text in TEAM.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def python(code: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a line of code in a process of its own, with these settings beside the usual ones."""
    environment = {**os.environ, "SIGNALBOX_SECRET_KEY": secrets.token_urlsafe(60), **settings}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)


def named(team: Path, **more: str) -> dict[str, str]:
    return {
        "SIGNALBOX_CHANNEL_ROUTING": "deck.routing.channel_routing",
        "SIGNALBOX_CHANNEL_CODE": str(team),
        "SIGNALBOX_CHANNEL_APPS": "deck",
        **more,
    }


def test_without_a_routing_nothing_is_loaded() -> None:
    done = python(PRINT_LOADED)
    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr


def test_the_code_of_a_team_is_found_with_its_models_and_settings(team: Path) -> None:
    code = (
        "import django; django.setup(); from django.conf import settings; from deck.models import Card; "
        "from channels_legacy import channel_layers; "
        "print(Card._meta.label, settings.DECK_COLOURS, hasattr(settings, '_hidden'), settings.INSTALLED_APPS[-3:])"
    )
    done = python(code, **named(team, SIGNALBOX_CHANNEL_SETTINGS="deck.more"))
    assert done.stdout.strip() == "deck.Card ['red'] False ['channels_legacy', 'channels_legacy.delay', 'deck']", (
        done.stderr
    )


def test_an_interface_process_imports_no_code_of_a_team(team: Path) -> None:
    (team / "deck" / "__init__.py").write_text("raise RuntimeError('broken')\n")
    code = "import django; django.setup(); from django.conf import settings; print('deck' in settings.INSTALLED_APPS)"
    done = python(code, **named(team, SIGNALBOX_CHANNEL_SETTINGS="deck.more", SIGNALBOX_ROLE="interface"))
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("CODE", "/nowhere", "must be a list of absolute folders that exist"),
        ("APPS", "deck,4u", "must be a list of dotted names"),
        ("SETTINGS", "deck.none", "names deck.none, which cannot be imported: ModuleNotFoundError"),
    ],
)
def test_a_setting_that_cannot_be_followed_ends_the_process(
    team: Path, setting: str, value: str, sentence: str
) -> None:
    done = python("import proj.settings", **named(team, **{f"SIGNALBOX_CHANNEL_{setting}": value}))
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_setting_of_ours_is_not_overridden(team: Path) -> None:
    (team / "deck" / "more.py").write_text("DEBUG = True\nSESSION_COOKIE_NAME = 'x'\n")
    done = python("import proj.settings", **named(team, SIGNALBOX_CHANNEL_SETTINGS="deck.more"))
    assert "deck.more (SIGNALBOX_CHANNEL_SETTINGS) may not set DEBUG, SESSION_COOKIE_NAME" in done.stderr


def test_the_apps_of_a_team_stand_behind_ours_once() -> None:
    assert team_code.apps(OURS, ["deck", "proj.rooms", "deck"]) == [*OURS, "deck"]


def test_an_app_with_the_label_of_ours_is_refused(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(team)
    (team / "rooms").mkdir()
    (team / "rooms" / "__init__.py").write_text("")
    with pytest.raises(SystemExit, match=r"its label 'rooms' is that of proj\.rooms"):
        team_code.apps(OURS, ["rooms"])
    config = "from django.apps import AppConfig\nclass C(AppConfig):\n    name = 'rooms'\n    label = 'their_rooms'\n"
    (team / "rooms" / "apps.py").write_text(config)
    assert team_code.apps(OURS, ["rooms"]) == [*OURS, "rooms"]
