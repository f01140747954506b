"""Services from a file: made once, changed where they differ, refused as a whole with a sentence."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from proj.accounts.models import User
from proj.rooms.models import Room
from proj.runs import loading
from proj.runs.models import Service

pytestmark = pytest.mark.django_db

FILE = """
[web1]
name = "Web, the first"
command = ["%(here)s/deploy", "{version}"]
parameters = [{name = "version", pattern = "[0-9.]+", required = true}]
timeout = 60
keep_days = 0
room = "Ops"
run_by = "listed"
runners = ["alice"]

[web2]
command = ["true"]
"""


@pytest.fixture
def file(tmp_path: Path, alice: User) -> Path:
    Room.objects.create(name="ops")
    file = tmp_path / "services.toml"
    file.write_text(FILE)
    return file


def test_a_file_is_loaded_once_and_then_nothing_changes(file: Path) -> None:
    assert [(one.uid, one.outcome) for one in loading.load(file)] == [("web1", "created"), ("web2", "created")]
    web1 = Service.objects.get(uid="web1")
    assert web1.command == [f"{file.parent}/deploy", "{version}"]
    assert (web1.timeout, web1.keep_days, str(web1.room)) == (60, None, "ops")
    assert [person.username for person in web1.runners.all()] == ["alice"]
    assert [one.outcome for one in loading.load(file)] == ["unchanged", "unchanged"]


def test_what_differs_is_said_and_changed_and_nothing_else(file: Path, bob: User) -> None:
    loading.load(file)
    Service.objects.filter(uid="web2").update(timeout=7, description="by hand")
    file.write_text(FILE.replace("timeout = 60", "timeout = 90").replace('["alice"]', '["alice", "bob"]'))
    first, second = loading.load(file)
    assert first.differs == {"timeout": (60, 90), "runners": (["alice"], ["alice", "bob"])}
    assert second.outcome == "unchanged"
    assert Service.objects.get(uid="web2").timeout == 7


def test_a_dry_run_says_the_same_and_changes_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("loadservices", str(file), "--dry-run", "--json")
    assert [one["outcome"] for one in json.loads(capsys.readouterr().out)] == ["created", "created"]
    assert not Service.objects.exists()


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('"{version}"]', '"{nope}"]', "there is no parameter nope"),
        ("timeout = 60", "tiemout = 60", "tiemout is not known"),
        ("timeout = 60", "timeout = 0", "timeout:"),
        ("[web2]", '["no slug"]', "uid:"),
        ('"Ops"', '"Nowhere"', "no room Nowhere; make it first: manage.py addroom Nowhere"),
        ('"alice"', '"mallory"', "nobody called mallory"),
        ("[web2]", "[web2", "services.toml"),
        ('run_by = "listed"', 'run_by = "me"', "run_by:"),
    ],
)
def test_a_mistake_is_refused_with_a_sentence_and_nothing_is_changed(
    file: Path, before: str, after: str, sentence: str
) -> None:
    file.write_text(FILE.replace(before, after))
    with pytest.raises(loading.BadFile, match=sentence):
        loading.load(file)
    assert not Service.objects.exists()


def test_the_command_says_what_became_of_each(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("loadservices", str(file))
    file.write_text(FILE.replace("timeout = 60", "timeout = 90"))
    call_command("loadservices", str(file))
    said = capsys.readouterr().out
    assert said == "created: web1\ncreated: web2\nchanged: web1\n  timeout: 60 -> 90\nunchanged: web2\n"
    with pytest.raises(CommandError, match=r"nothing\.toml"):
        call_command("loadservices", "nothing.toml")
