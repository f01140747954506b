"""manage.py run, runs and services, with a worker that runs beside them."""

import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from proj.runs import actions
from proj.runs.models import Run
from proj.runs.running import cleanup
from proj.runs.running.runner import Runner
from tests.runs.conftest import Make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker() -> Iterator[None]:
    """A worker in a thread."""
    stopping = threading.Event()

    def work() -> None:
        runner = Runner(4, lambda run: cleanup.clean_up(run.pk))
        while not stopping.wait(0.02):
            runner.turn(poll=True)
        runner.release()
        for process in runner._detached:
            process.terminate()
            process.wait(20)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stopping.set()
    thread.join()


def follow(monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, bytes]:
    """Return the exit status of `manage.py run ... --follow`, and its output."""
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written))
    with pytest.raises(SystemExit) as ended:
        call_command("run", *words, "--follow", stderr=io.StringIO())
    assert isinstance(ended.value.code, int)
    return ended.value.code, written.getvalue()


@pytest.mark.parametrize(
    ("script", "fields", "status"),
    [
        ("exit 0", {}, 0),
        ("exit 7", {}, 7),
        ("kill -9 $$", {}, 137),
        ("sleep 9", {"timeout": 1}, 124),
    ],
)
def test_following_writes_every_byte_and_ends_as_the_run_did(
    worker: None,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    fields: dict[str, Any],
    status: int,
) -> None:
    make("web1", ["sh", "-c", f"printf 'a\\377ü\\n'; sleep 0.2; printf end; {script}"], **fields)
    assert follow(monkeypatch, "web1") == (status, b"a\xff\xc3\xbc\nend")


def test_a_run_started_without_following_prints_its_id(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    make("web1", ["deploy", "{v}"], parameters=[{"name": "v"}])
    call_command("run", "web1", "v=1=2")
    run = Run.objects.get()
    assert capsys.readouterr().out == f"{run.pk}\n"
    assert (run.origin, run.parameters) == ("command", {"v": "1=2"})
    call_command("run", "--cancel", str(run.pk), "--json")
    assert json.loads(capsys.readouterr().out)["state"] == "canceled"
    call_command("runs", "web1")
    assert f"{run.pk}  web1#1  canceled" in capsys.readouterr().out
    call_command("services")
    assert capsys.readouterr().out == "web1 v=...  web1\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nope"], "There is no service nope"),
        ([], "Which service"),
        (["web1", "v"], r"as name=value: 'v'. \(bad_parameter\)"),
        (["web1", "v=1", "v=2"], "Give each parameter once"),
        (["web1", "w=1"], r"there is: v. \(bad_parameter\)"),
        (["--cancel", "2b1b0c3e-0000-4000-8000-000000000000"], "There is no run"),
        (["--cancel", "web1#3"], "There is no run web1#3"),
        (["--cancel", "web1"], "no run is called 'web1'"),
    ],
)
def test_what_cannot_be_started_is_an_error_with_a_sentence(make: Make, words: list[str], sentence: str) -> None:
    make("web1", ["deploy", "{v}"], parameters=[{"name": "v"}])
    with pytest.raises(CommandError, match=sentence):
        call_command("run", *words)
    assert not Run.objects.exists()


def test_a_run_is_canceled_by_the_name_that_people_read(make: Make) -> None:
    running, queued = (actions.start(service, None, {}) for service in [make(concurrency=9)] * 2)
    Run.objects.filter(pk=running.pk).update(state="running")
    said = io.StringIO()
    call_command("run", "--cancel", "web1#1", stderr=said)
    call_command("run", "--cancel", "web1#2", stderr=said)
    assert said.getvalue() == "web1 #1 is being ended.\nweb1 #2 is canceled.\n"
    assert Run.objects.get(pk=queued.pk).state == "canceled"


def test_runs_of_a_service_that_is_not_there_are_an_error() -> None:
    with pytest.raises(CommandError, match="There is no service nope"):
        call_command("runs", "nope")


def test_who_follows_a_run_that_waits_is_told_so(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    make()
    monkeypatch.setattr("proj.runs.management.commands.run.QUEUED_NOTICE_SECONDS", 0.0)
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO()))
    looks = 0

    def sleep(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            actions.cancel(Run.objects.get(), None)

    monkeypatch.setattr("proj.runs.management.commands.run.time.sleep", sleep)
    said = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("run", "web1", "--follow", stderr=said)
    assert said.getvalue().count("web1 #1 waits") == 1


def test_what_waited_in_a_restored_backup_is_not_run(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    service = make(concurrency=9)
    for _ in range(3):
        actions.start(service, None, {})
    Run.objects.filter(number=1).update(state="running")
    call_command("cancelqueued")
    assert capsys.readouterr().out == "2 queued runs canceled\n"
    assert sorted(Run.objects.values_list("state", flat=True)) == ["canceled", "canceled", "running"]


def test_ctrl_c_says_how_to_cancel_and_cancels_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    make()
    monkeypatch.setattr("proj.runs.management.commands.run.time.sleep", interrupt)
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO()))
    said = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("run", "web1", "--follow", stderr=said)
    run = Run.objects.get()
    assert ended.value.code == 130
    assert f"web1 #1 goes on. To end it: manage.py run --cancel {run.pk}" in said.getvalue()
    assert (run.state, run.cancel_requested_at) == ("queued", None)
