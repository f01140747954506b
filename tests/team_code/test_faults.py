"""Broken code of a team: one sentence names file, reason and remedy, and the other processes go on without it."""

from typing import Any

import pytest

from channels_legacy.asgi import ChannelLayerWrapper, channel_layers
from channels_legacy.layers.memory import InMemoryLayer
from consumers.workers.legacy import checking
from tests.team_code.conftest import TEAM, Team

WEB = (
    "import proj.wsgi; from django.test import Client; from django.conf import settings; "
    "print('status', Client().get('/', SERVER_NAME='localhost').status_code, 'deck' in settings.INSTALLED_APPS)"
)
ROUTING = "the routing deck.routing.channel_routing (SIGNALBOX_CHANNEL_ROUTING) cannot be loaded: "
APP = "the app deck of SIGNALBOX_CHANNEL_APPS cannot be loaded: "
LIST = TEAM["deck/routing.py"]
# the file to write, its text, and the sentence; {} is the folder of the code
BROKEN_APPS = [
    (
        "__init__.py",
        "import os\nraise RuntimeError('no key')\n",
        APP + "{}/deck/__init__.py, line 2: RuntimeError: no key; ",
    ),
    ("apps.py", "class DeckConfig(:\n", APP + "{}/deck/apps.py, line 1: SyntaxError: invalid syntax; "),
    (
        "models.py",
        "from django.db import models\nimport sys\nsys.exit('bye')\n",
        APP + "{}/deck/models.py, line 3: SystemExit: bye; ",
    ),
    ("models.py", "import pillow_of_old\n", "put its package into the file of SIGNALBOX_CHANNEL_REQUIREMENTS"),
    (
        "models.py",
        "from django.db import models\nclass Card(models.Model):\n    last = models.CharField(max_length='x')\n",
        "{}/deck/models.py: deck.Card.last fails Django's check fields.E121: 'max_length' must be a positive integer; ",
    ),
    (
        "apps.py",
        TEAM["deck/apps.py"] + "    def ready(self):\n        raise ValueError('not ready')\n",
        APP + "{}/deck/apps.py, line 5: ValueError: not ready; correct it, then run ./deploy/up",
    ),
    ("templatetags/cards.py", "{", APP + "{}/deck/templatetags/cards.py, line 1: SyntaxError: "),
]
BROKEN_ROUTINGS = [
    (
        "routing.py",
        "from channels import route\n",
        "deck/routing.py, line 1: cannot import the routing 'deck.routing.channel_routing': cannot import name ",
    ),
    (
        "consumers.py",
        "from channels import Group\n",
        "manage.py bring_over lists the import lines to change; then run ",
    ),
    ("routing.py", "channel_routing = 7\n", "must be a list or a dict, not int; correct it, then run ./deploy/up"),
    ("routing.py", "routes = []\n", "{}/deck/routing.py: cannot import the routing 'deck.routing.channel_routing'"),
    ("routing.py", LIST + "1/0\n", ROUTING + "{}/deck/routing.py, line 3: ZeroDivisionError: division by zero; "),
    (
        "routing.py",
        LIST.replace("consumers.connect", "consumers.none"),
        "{}/deck/routing.py, line 2: cannot import the consumer 'deck.consumers.none': module 'deck.consumers' has no",
    ),
    ("consumers.py", "\ndef connect(message)\n", ROUTING + "{}/deck/consumers.py, line 2: SyntaxError: expected ':'; "),
]


@pytest.mark.parametrize(("name", "text", "sentence"), BROKEN_APPS)
def test_pages_are_served_without_a_broken_app(team: Team, name: str, text: str, sentence: str) -> None:
    if name.startswith("templatetags"):
        team.write("deck/templatetags/__init__.py", "")
    team.write(f"deck/{name}", text)
    done = team.python(WEB)
    assert done.stdout.split()[-3:] == ["status", "302", "False"], done.stderr
    assert sentence.replace("{}", str(team.folder)) in done.stderr
    assert done.stderr.count("running without the Channels 1.x code: ") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("name", "text", "sentence"), BROKEN_ROUTINGS)
def test_a_broken_routing_is_one_sentence(importable: Team, settings: Any, name: str, text: str, sentence: str) -> None:
    settings.CHANNEL_ROUTING, settings.CHANNEL_CODE = "deck.routing.channel_routing", [str(importable.folder)]
    settings.CHANNEL_FAULT = ""
    former = channel_layers.set("default", ChannelLayerWrapper(InMemoryLayer(), "default", settings.CHANNEL_ROUTING))
    importable.write(f"deck/{name}", text)
    try:
        assert sentence.replace("{}", str(importable.folder)) in checking.fault()
    finally:
        channel_layers.set("default", former)


def test_the_check_is_one_sentence(team: Team) -> None:
    team.write("deck/consumers.py", "\ndef connect(message)\n")
    done = team.manage("channels1")
    sentence = f"{team.folder}/deck/consumers.py, line 2: SyntaxError: expected ':'; correct it, then run ./deploy/up"
    assert (done.returncode, done.stderr) == (1, f"signalbox: {ROUTING}{sentence}\n")


def test_a_broken_routing_is_one_line_in_the_log_of_pages_and_commands(team: Team) -> None:
    team.write("deck/consumers.py", "\ndef connect(message)\n")
    line = f"changes of rows in this process reach no socket: {ROUTING}{team.folder}/deck/consumers.py, line 2: Syntax"
    for done in (team.python(WEB), team.manage("check")):
        assert done.returncode == 0
        assert done.stderr.count(line) == done.stderr.count("consumers.py") == 1, done.stderr
    for role in ("setup", "interface"):
        assert "consumers.py" not in team.manage("check", SIGNALBOX_ROLE=role).stderr


def test_a_broken_admin_or_setting_harms_no_page(team: Team) -> None:
    team.write("deck/admin.py", "from deck.models import Cards\n")
    done = team.python(WEB)
    assert done.stdout.split()[-3:] == ["status", "302", "True"], done.stderr
    assert (
        f"the admin of Channels 1.x code cannot be loaded: {team.folder}/deck/admin.py, line 1: ImportE" in done.stderr
    )
    done = team.python(WEB, SIGNALBOX_CHANNEL_SETTINGS="deck.none", SIGNALBOX_CHANNEL_CODE=f"{team.folder},/nowhere")
    assert done.stdout.split()[-3:] == ["status", "302", "False"], done.stderr
    assert "SIGNALBOX_CHANNEL_CODE names /nowhere, which is no folder" in done.stderr


def test_tables_are_made_and_a_model_without_a_migration_is_named(team: Team) -> None:
    done = team.manage("channels1")
    assert "migrations of Channels 1.x code are not applied, first deck.0001_initial; run ./deploy/up" in done.stderr
    done = team.manage("channels1", "--prepare")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "The routing has the channels websocket.connect, websocket.disconnect, websocket.receive.\n"
    model = TEAM["deck/models.py"].replace("pass", "colour = models.CharField(max_length=9)")
    team.write("deck/models.py", model + "class Lane(models.Model):\n    pass\n")
    done = team.manage("channels1", "--prepare")
    assert done.returncode == 2
    assert f"{team.folder}/deck/models.py: the database lacks the columns colour in deck_card of " in done.stderr
    assert "the database lacks the table deck_lane of the model Lane; run ./deploy/up, and before it " in done.stderr
    team.write("deck/migrations/0002_broken.py", "raise KeyError('x')\n")
    done = team.manage("channels1", "--prepare")
    assert f"cannot be applied: {team.folder}/deck/migrations/0002_broken.py, line 1: KeyError: 'x'; " in done.stderr
    assert team.manage("migrate", "--noinput", SIGNALBOX_ROLE="setup").returncode == 0
