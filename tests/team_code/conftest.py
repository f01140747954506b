"""A small app of a team, and processes that load it."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import ROOT

TEAM = {
    "deck/__init__.py": "",
    "deck/apps.py": "from django.apps import AppConfig\nclass DeckConfig(AppConfig):\n    name = 'deck'\n",
    "deck/models.py": "from django.db import models\nclass Card(models.Model):\n    pass\n",
    "deck/migrations/__init__.py": "",
    "deck/migrations/0001_initial.py": "from django.db import migrations, models\n"
    "class Migration(migrations.Migration):\n"
    "    operations = [migrations.CreateModel('Card', [('id', models.AutoField(primary_key=True))])]\n",
    "deck/consumers.py": "def connect(message):\n    pass\n",
    "deck/routing.py": "from channels_legacy import route\n"
    "channel_routing = [route('websocket.connect', 'deck.consumers.connect')]\n",
    "deck/more.py": "DECK_COLOURS = ['red']\n_hidden = 1\n",
}
Process = subprocess.CompletedProcess[str]


class Team:
    """The folder of a team's code. `python` and `manage` run a process that the settings lead there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "code"
        self.database = folder / "db.sqlite3"
        for name, text in TEAM.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def environment(self, **settings: str) -> dict[str, str]:
        return {
            **os.environ,
            "SIGNALBOX_ROLE": "",
            "SIGNALBOX_SECRET_KEY": secrets.token_urlsafe(60),
            "DATABASE_URL": f"sqlite:///{self.database}",
            "SIGNALBOX_CHANNEL_ROUTING": "deck.routing.channel_routing",
            "SIGNALBOX_CHANNEL_CODE": str(self.folder),
            "SIGNALBOX_CHANNEL_APPS": "deck",
            **settings,
        }

    def python(self, code: str, **settings: str) -> Process:
        return self._run("-c", code, **settings)

    def manage(self, *arguments: str, **settings: str) -> Process:
        return self._run("manage.py", *arguments, **settings)

    def _run(self, *arguments: str, **settings: str) -> Process:
        return subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment(**settings), capture_output=True, text=True
        )


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


@pytest.fixture
def importable(team: Team, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """The code of a team that this process can import, and forgets."""
    monkeypatch.syspath_prepend(team.folder)
    before = set(sys.modules)
    yield team
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(team.folder)):
            del sys.modules[name]
