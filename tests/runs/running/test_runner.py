"""A worker's runs, with real launchers and real commands: their ends, output and leases."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from proj.runs import actions
from proj.runs.models import Archive, Chunk, Run
from proj.runs.publishing import cards
from proj.runs.running import cleanup, launching, leases, storing
from proj.runs.running.leases import Holder
from proj.runs.running.runner import Runner
from proj.runs.running.spool import Spool
from proj.runs.states import State
from tests.conftest import wait_for
from tests.runs.conftest import Make
from tests.runs.running.turns import did, printed, until_over

pytestmark = pytest.mark.django_db(transaction=True)


def test_between_two_commits_of_much_output_others_get_to_write(runner: Runner, make: Make) -> None:
    run = actions.start(make("web1", ["head", "-c", "9000000", "/dev/zero"]), None, {})
    pauses: list[float] = []

    def many(found: Run) -> bool:
        if runner.backlog:
            pauses.append(runner.pause)
        return found.settled

    until_over(runner, run, asked=many)
    assert pauses, "it was read in one portion"
    assert all(0 < pause <= 0.1 for pause in pauses)


def test_the_first_output_of_a_run_is_looked_for_sooner(runner: Runner, make: Make, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    run = actions.start(
        make("web1", ["sh", "-c", "echo first; until [ -e $0 ]; do sleep 0.1; done", str(gate)]), None, {}
    )
    runner.turn(poll=True)
    assert runner.pause < 0.05
    until_over(runner, run, asked=lambda found: found.bytes)
    assert runner.pause == 0.1
    gate.touch()
    until_over(runner, run)


def test_a_run_that_succeeds_leaves_its_output_in_the_archive_and_nothing_else(runner: Runner, make: Make) -> None:
    run = did(runner, make, ["sh", "-c", "echo out; echo err >&2; printf end"])
    assert (run.state, run.exit_code, run.signal, run.reason) == ("succeeded", 0, None, "")
    assert printed(run) == b"out\nerr\nend"
    assert (run.bytes, run.lines) == (11, 2)
    assert run.started_at and run.claimed_at and run.ended_at
    assert run.claimed_at <= run.started_at <= run.ended_at
    assert not Chunk.objects.exists()
    assert not Spool(run.pk).path.exists()
    assert (run.worker, run.lease_until) == ("", None)


def test_a_run_that_prints_nothing_has_no_archive(runner: Runner, make: Make) -> None:
    run = did(runner, make, ["true"])
    assert (run.state, printed(run), Archive.objects.count()) == ("succeeded", b"", 0)


@pytest.mark.parametrize(
    ("command", "fields", "state", "reason"),
    [
        (["sh", "-c", "exit 3"], {}, "failed", "It ended with status 3."),
        (["sh", "-c", "kill -9 $$"], {}, "failed", "SIGKILL ended it."),
        (["/no/such/thing"], {}, "failed", "It could not be started: /no/such/thing: No such file or directory."),
        (["/etc/passwd"], {}, "failed", "It could not be started: /etc/passwd: Permission denied."),
        (["true"], {"directory": "/gone"}, "failed", "It could not be started: in /gone: No such file or directory."),
        (["sleep", "60"], {"timeout": 1}, "timed_out", "It took longer than 1 s, and was ended."),
        (["yes"], {"output_limit": 5000, "over_limit": "end"}, "failed", "It printed more than 5000 bytes"),
        (
            ["sh", "-c", "printf %01000d 0; sleep 0.3; echo more; sleep 9"],
            {"output_limit": 1000, "over_limit": "end"},
            "failed",
            "It printed more than 1000 bytes",
        ),
        (["sh", "-c", "seq 9999"], {"output_limit": 5000}, "succeeded", ""),
        (["sh", "-c", "sleep 30 & echo parent"], {}, "succeeded", ""),
        (["sh", "-c", "trap '' TERM; while :; do sleep 1; done"], {"timeout": 1, "grace": 0}, "timed_out", "It took"),
    ],
)
def test_every_end_has_its_state_and_its_sentence(
    runner: Runner,
    make: Make,
    command: list[str],
    fields: dict[str, Any],
    state: str,
    reason: str,
) -> None:
    run = did(runner, make, command, **fields)
    assert run.state == state
    assert run.reason.startswith(reason) if reason else run.reason == ""


def test_the_last_line_says_that_the_limit_was_reached(runner: Runner, make: Make) -> None:
    run = did(runner, make, ["sh", "-c", "printf 1234567; sleep 0.1; seq 9999"], output_limit=1000)
    assert printed(run).startswith(b"12345671\n2\n")
    assert printed(run).endswith(
        b"\n[signalbox] The output has reached its limit of 1000 bytes; what follows is not kept.\n"
    )
    assert run.bytes < 1200


def test_a_full_disk_is_said_and_the_command_goes_on(runner: Runner, make: Make, tmp_path: Path) -> None:
    done = tmp_path / "done"
    run = actions.start(make("web1", ["sh", "-c", "seq 9999; echo more; touch $0", str(done)]), None, {})
    Spool(run.pk).path.mkdir(parents=True)
    Spool(run.pk).output.symlink_to("/dev/full")
    # The runner comes later: a reader of /dev/full gets zeros without an end.
    launcher = launching.launch(run, Spool(run.pk))
    launcher.wait(60)
    Spool(run.pk).output.unlink()
    run = until_over(runner, run)
    assert printed(run) == b""
    assert done.exists()
    assert run.state == "failed"
    assert run.reason == "No space left on device: not all of its output could be kept. It ended with status 0."


def test_a_disk_that_takes_the_output_and_cannot_keep_it_is_said(runner: Runner, make: Make) -> None:
    run = actions.start(make("web1", ["seq", "9"]), None, {})
    Spool(run.pk).path.mkdir(parents=True)
    Spool(run.pk).output.symlink_to("/dev/null")  # which cannot be synced
    run = until_over(runner, run)
    assert run.state == "failed"
    assert run.reason == "Invalid argument: not all of its output could be kept. It ended with status 0."


def test_a_disk_that_is_full_when_the_command_begins_leaves_it_watched(runner: Runner, make: Make) -> None:
    run = actions.start(make("web1", ["sleep", "60"], timeout=1), None, {})
    Spool(run.pk).path.mkdir(parents=True)
    (Spool(run.pk).path / "started.json.new").symlink_to("/dev/full")
    assert until_over(runner, run).state == "timed_out"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(bytes(range(256)) * 300, id="binary"),
        pytest.param("ünïcödé 运维 🚀 ".encode() * 9000, id="four-byte characters over chunk ends"),
        pytest.param(b"x" * 700_000, id="one endless line"),
        pytest.param(b"\xf0\x9f\x9a", id="half a character and nothing more"),
        pytest.param(b"".join(b"%d\r" % n for n in range(50_000)), id="carriage returns"),
    ],
)
def test_the_stored_log_is_what_was_printed_byte_for_byte(
    runner: Runner,
    make: Make,
    tmp_path: Path,
    data: bytes,
) -> None:
    file = tmp_path / "data"
    file.write_bytes(data)
    run = did(runner, make, ["cat", str(file)])
    assert printed(run) == data
    assert (run.bytes, run.lines) == (len(data), data.count(b"\n"))


def test_chunks_have_no_hole_and_cut_no_character(runner: Runner, make: Make, tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_text("héllo 🚀\n" * 20_000)
    run = actions.start(make("web1", ["cat", str(file)]), None, {})
    kept: list[Run] = []
    runner._clean_up = kept.append
    until_over(runner, run, asked=lambda run: run.state == "succeeded")
    offset, line = 0, 1
    for seq, chunk in enumerate(Chunk.objects.order_by("seq"), 1):
        data = chunk.output
        assert (chunk.seq, chunk.offset, chunk.line) == (seq, offset, line)
        data.decode()
        offset, line = offset + len(data), line + data.count(b"\n")
        assert len(data) <= 32 * 1024
    assert offset == file.stat().st_size
    assert seq > 5


def test_progress_is_read_from_lines_of_its_own(runner: Runner, make: Make) -> None:
    script = (
        "echo '::progress 40 Copying'; echo 'no ::progress 90 here'; printf '::prog'; sleep 0.3; echo 'ress 250 End'"
    )
    run = did(runner, make, ["sh", "-c", script])
    assert (run.progress, run.progress_text) == (100, "End")


def test_progress_says_nothing_but_its_text(runner: Runner, make: Make, tmp_path: Path) -> None:
    file = tmp_path / "said"
    file.write_bytes("::progress 40 \x1b[31mred\x1b[0m\x1b]0;title\x07 \x00\x07\u202egpj.exe\r\n".encode())
    run = did(runner, make, ["cat", str(file)])
    assert (run.progress, run.progress_text) == (40, "red \\x00\\u202egpj.exe")


def test_the_command_gets_the_environment_that_its_service_says_and_no_descriptors(
    runner: Runner,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    monkeypatch.setenv("PASSED", "on")
    code = (
        "import os, json, resource; print(json.dumps([dict(os.environ), sorted(map(int, os.listdir('/proc/self/fd'))),"
        "os.getcwd(), oct(os.umask(0)), resource.getrlimit(resource.RLIMIT_NOFILE)[0], os.read(0, 9).decode()]))"
    )
    fields = {"environment": ["PATH", "PASSED", "ABSENT"], "values": {"MODE": "live"}, "directory": "/usr"}
    run = did(runner, make, [sys.executable, "-I", "-S", "-c", code], **fields)
    environment, descriptors, folder, umask, files, said = json.loads(printed(run))
    environment.pop("LC_CTYPE", None)  # Python's own
    assert environment == {
        "PATH": os.environ["PATH"],
        "PASSED": "on",
        "MODE": "live",
        "SIGNALBOX_RUN": str(run.pk),
        "SIGNALBOX_SERVICE": "web1",
    }
    assert (descriptors[:3], len(descriptors)) == ([0, 1, 2], 4)  # the fourth is that of listdir
    assert (folder, umask, files, said) == ("/usr", "0o22", 1024, "")


def test_the_launcher_adds_nothing_to_the_environment(runner: Runner, make: Make) -> None:
    run = did(runner, make, ["env"], environment=["PATH"])  # without a locale Python gives itself one
    assert {line.partition(b"=")[0] for line in printed(run).splitlines()} == {
        b"PATH",
        b"SIGNALBOX_RUN",
        b"SIGNALBOX_SERVICE",
    }


def test_a_worker_with_an_old_locale_passes_every_script(
    runner: Runner, make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    subprocess.run(["localedef", "-i", "ru_RU", "-f", "KOI8-R", tmp_path / "ru_RU.KOI8-R"], check=False)
    monkeypatch.setenv("LOCPATH", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "ru_RU.KOI8-R")
    run = did(runner, make, ["printf", "%s", "运维 é"], environment=["PATH", "LC_ALL", "LOCPATH"])
    assert printed(run).decode() == "运维 é"


def test_two_launchers_of_one_run_run_it_once(runner: Runner, make: Make, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    run = actions.start(make("web1", ["sh", "-c", "echo x >>$0", str(mark)]), None, {})
    run.service.refresh_from_db()
    others = [launching.launch(run, Spool(run.pk)) for _ in range(4)]
    until_over(runner, run)
    for other in others:
        other.wait(10)
    assert mark.read_text() == "x\n"


def test_another_worker_goes_on_where_the_first_let_go(runner: Runner, make: Make) -> None:
    script = "for n in 1 2 3 4 5 6 7 8; do printf 'ünï %s\\n' $n; sleep 0.1; done"
    run = actions.start(make("web1", ["sh", "-c", script]), None, {})
    until_over(runner, run, asked=lambda run: run.bytes > 0)
    second = Runner(16, lambda run: cleanup.clean_up(run.pk))
    second.holder = Holder(runner.holder.host, runner.holder.boot, runner.holder.pid, 0)  # another worker
    assert second.turn(poll=True) == []  # the first worker holds the run
    runner.release()
    run = until_over(second, run)
    assert printed(run).decode() == "".join(f"ünï {n}\n" for n in range(1, 9))
    runner.turn(poll=True)
    assert not runner.followers


def test_a_run_goes_on_when_its_host_is_called_otherwise(runner: Runner, make: Make, settings: Any) -> None:
    run = actions.start(make("web1", ["sh", "-c", "echo 1; sleep 0.5; echo 2"]), None, {})
    until_over(runner, run, asked=lambda run: run.bytes > 0)
    runner.release()
    renamed = Runner(16, lambda run: cleanup.clean_up(run.pk))
    renamed.holder = Holder("renamed", runner.holder.boot, runner.holder.pid, 0)
    neighbour = Runner(16, lambda run: cleanup.clean_up(run.pk))  # on the same host, with folders of its own
    neighbour.holder = Holder("neighbour", runner.holder.boot, runner.holder.pid, 0)
    folders, settings.RUNS = settings.RUNS, settings.RUNS / "neighbour"
    neighbour.turn(poll=True)
    assert not neighbour.followers
    settings.RUNS = folders
    run = until_over(renamed, run)
    assert (run.state, run.host, printed(run)) == ("succeeded", "renamed", b"1\n2\n")


def test_a_worker_that_lost_its_run_to_another_stores_nothing_more(runner: Runner, make: Make) -> None:
    run = actions.start(make("web1", ["sh", "-c", "while :; do echo x; sleep 0.02; done"]), None, {})
    until_over(runner, run, asked=lambda run: run.bytes > 0)
    Run.objects.filter(pk=run.pk).update(worker="here:1:1", lease_until=None)
    before = Run.objects.get().bytes

    def noticed() -> bool:
        runner._commit()
        return not runner.followers

    wait_for(noticed, 10, "it has printed more, which was refused")
    assert Run.objects.get().bytes == before
    Run.objects.filter(pk=run.pk).update(worker="")
    actions.cancel(Run.objects.get(), None)
    until_over(runner, run)


def test_a_run_of_an_earlier_boot_is_lost_and_keeps_its_output(runner: Runner, make: Make) -> None:
    run = actions.start(make(), None, {})
    leases.claim(Holder(runner.holder.host, "an earlier boot", 1, 1), 1)
    spool = Spool(run.pk)
    spool.path.mkdir(parents=True)
    (spool.path / "launcher.json").write_text(json.dumps({"pid": 1, "start": 1, "boot": "an earlier boot"}))
    spool.output.write_bytes(b"half a li")
    run = until_over(runner, run)
    assert (run.state, printed(run)) == ("lost", b"half a li")
    assert "its host was restarted" in run.reason


def test_what_was_claimed_before_a_reboot_and_perhaps_begun_is_not_begun_again(runner: Runner, make: Make) -> None:
    run = actions.start(make("web1", ["touch", "/nowhere"]), None, {})
    leases.claim(Holder(runner.holder.host, "an earlier boot", 1, 1), 1)
    assert until_over(runner, run).state == "lost"


def test_what_a_restored_backup_calls_running_is_not_run_again(runner: Runner, make: Make, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    run = actions.start(make("web1", ["touch", str(mark)]), None, {})
    leases.claim(Holder(runner.holder.host, runner.holder.boot, 999_999_999, 1), 1)
    Run.objects.update(claimed_at=timezone.now() - timedelta(minutes=2))
    assert until_over(runner, run).state == "lost"
    assert not mark.exists()


def test_what_a_killed_worker_had_just_claimed_is_begun_by_the_next(runner: Runner, make: Make) -> None:
    run = actions.start(make(), None, {})
    leases.claim(Holder(runner.holder.host, runner.holder.boot, 999_999_999, 1), 1)
    assert until_over(runner, run).state == "succeeded"


def test_a_lost_run_that_is_found_again_adds_the_rest_of_its_output(runner: Runner, make: Make, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    script = "echo 1; until [ -e $0 ]; do sleep 0.1; done; echo 2"
    run = actions.start(make("web1", ["sh", "-c", script, str(gate)]), None, {})
    until_over(runner, run, asked=lambda run: run.bytes > 0)
    runner.release()
    assert Run.objects.move(State.LOST, worker="", lease_until=None, reason="Nothing is heard of its host.")
    gate.touch()
    run = until_over(runner, run)
    assert (run.state, printed(run)) == ("lost", b"1\n2\n")


def test_no_room_on_the_disk_for_a_launcher_fails_the_run(runner: Runner, make: Make, settings: Any) -> None:
    settings.RUNS = Path("/proc/nowhere")
    run = until_over(runner, actions.start(make(), None, {}))
    assert run.state == "failed"
    assert run.reason.startswith("Its launcher could not be started: ")


def test_a_commit_that_fails_is_made_again_from_the_same_place(
    runner: Runner,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = actions.start(make("web1", ["printf", "::progress 5 a\\nb\\n"]), None, {})  # at once: one chunk
    failed: list[int] = []
    append = storing.append

    def broken(run: Run, worker: str, values: Any, chunks: Any) -> bool:
        stored = append(run, worker, values, chunks)
        if chunks and len(failed) < 3:
            failed.append(1)
            raise OSError("the database is away")
        return stored

    monkeypatch.setattr(storing, "append", broken)
    for _ in range(3):
        with pytest.raises(OSError, match="away"):
            until_over(runner, run)
    run = until_over(runner, run)
    assert printed(run) == b"::progress 5 a\nb\n"
    assert (run.progress, run.chunks) == (5, 1)


def test_a_claim_that_the_database_cuts_short_strands_no_run(
    runner: Runner, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = actions.start(make("a"), None, {}), actions.start(make("b"), None, {})
    claim_of = leases._claim_of

    def broken(holder: Holder, service: int, most: int) -> list[Run]:
        if service == second.service_id:
            monkeypatch.undo()
            raise OperationalError("the database is away")
        return claim_of(holder, service, most)

    monkeypatch.setattr(leases, "_claim_of", broken)
    with pytest.raises(OperationalError):
        runner.turn(poll=True)
    assert [until_over(runner, run).state for run in (first, second)] == ["succeeded"] * 2


def test_a_card_that_cannot_be_drawn_strands_no_run(
    runner: Runner, make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    second = tmp_path / "second"
    waits = "until [ -e $0 ]; do sleep 0.1; done; echo 1; until [ -e $1 ]; do sleep 0.1; done; echo 2"
    run = actions.start(make("web1", ["sh", "-c", waits, str(gate), str(second)]), None, {})
    runner.turn(poll=True)

    def broken(run: Run) -> Any:
        monkeypatch.undo()
        raise OperationalError("the database is away")

    monkeypatch.setattr(cards, "of_state", broken)
    gate.touch()  # only now: output that the first turn stored already would need no card any more
    with pytest.raises(OperationalError):
        until_over(runner, run)
    second.touch()
    run = until_over(runner, run)
    assert (run.state, printed(run)) == ("succeeded", b"1\n2\n")


def test_a_run_whose_archive_and_whose_letting_go_failed_is_archived_later(
    runner: Runner, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = actions.start(make("web1", ["echo", "1"]), None, {})
    runner._clean_up = lambda _: None  # the cleanup failed on its thread
    until_over(runner, run, asked=lambda run: run.state == "succeeded")

    def broken(*_: Any) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(leases, "release", broken)
    with pytest.raises(OperationalError):
        runner.cleanup_failed(run.pk)
    monkeypatch.undo()
    runner._clean_up = lambda run: cleanup.clean_up(run.pk)
    assert printed(until_over(runner, run)) == b"1\n"


def test_a_worker_keeps_to_its_number_and_to_the_services(runner: Runner, make: Make) -> None:
    runner.max_runs = 3
    for uid, concurrency in (("a", 2), ("b", 9)):
        service = make(uid, ["sleep", "30"], concurrency=concurrency, when_busy="queue")
        for _ in range(4):
            actions.start(service, None, {})
    runner.turn(poll=True)
    runner.turn(poll=True)
    running = sorted(str(run) for run in Run.objects.filter(state="running").select_related("service"))
    assert running == ["a #1", "a #2", "b #1"]
