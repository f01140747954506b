"""`manage.py doctor` on the whole stack."""

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.system.stack import Stack

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


def doctor(stack: "Stack", *options: str) -> "subprocess.CompletedProcess[str]":
    return stack.run(".venv/bin/python", "manage.py", "doctor", *options)


def findings(run: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, str]]:
    return {finding["step"]: finding for finding in json.loads(run.stdout)}


def test_a_healthy_stack_is_green_and_every_step_was_looked_at(stack: "Stack") -> None:
    stack.wait_green()
    run = doctor(stack, "--json")
    found = findings(run)
    assert run.returncode == 0, run.stdout
    assert {finding["state"] for finding in found.values()} <= {"green", "yellow"}
    assert {"settings", "database", "redis", "worker chat", "page", "handshake", "origin", "message"} <= set(found)
    assert all(set(finding) == {"step", "state", "saw", "advice", "ms"} for finding in found.values())


def test_for_people_it_ends_with_one_sentence_and_has_no_colour_in_a_pipe(stack: "Stack") -> None:
    stack.wait_green()
    run = doctor(stack)
    assert run.stdout.splitlines()[-1].startswith("All ")
    assert "\x1b" not in run.stdout


def test_it_leaves_no_session_and_at_most_one_message(stack: "Stack") -> None:
    stack.wait_green()
    count = (
        "from django.contrib.sessions.models import Session as S; from proj.rooms.models import Room as R;"
        "print(S.objects.count(), R.objects.get(hidden=True).seq)"
    )
    before = stack.manage("shell", "-v", "0", "-c", count).split()
    doctor(stack, "--wait", "5")
    after = stack.manage("shell", "-v", "0", "-c", count).split()
    assert after[0] == before[0]
    assert int(after[1]) == int(before[1]) + 1


def test_a_stopped_worker_is_red_by_name_with_the_command_that_mends_it(stack: "Stack") -> None:
    stack.wait_green()
    stack.supervisorctl("stop", "worker-chat")
    try:
        run = doctor(stack, "--json")
    finally:
        stack.supervisorctl("start", "worker-chat")
    found = findings(run)
    assert run.returncode == 1
    assert found["program worker-chat"]["state"] == "red"
    assert "supervisorctl start worker-chat" in found["program worker-chat"]["advice"]
    assert found["page"]["state"] == "green"
    assert found["message"]["state"] != "green"
    stack.wait_green()


def test_without_redis_it_is_red_and_what_needs_it_is_not_tried(stack: "Stack") -> None:
    stack.wait_green()
    stack.supervisorctl("stop", "redis")
    try:
        run = doctor(stack, "--json")
    finally:
        stack.supervisorctl("start", "redis")
    found = findings(run)
    assert run.returncode == 1
    assert found["redis"]["state"] == "red"
    assert {found[name]["state"] for name in ("clock", "frames", "named channels", "message")} == {"unseen"}
    stack.wait_green()


def test_it_waits_for_what_has_just_been_started(stack: "Stack") -> None:
    stack.wait_green()
    stack.kill9("worker-chat")
    run = doctor(stack, "--wait", "60")
    assert run.returncode == 0, run.stdout
    assert run.stdout.splitlines()[-1].startswith("All ")


def test_waiting_in_vain_ends_in_time_with_what_is_red(stack: "Stack") -> None:
    stack.wait_green()
    stack.supervisorctl("stop", "web")
    try:
        run = doctor(stack, "--wait", "3")
    finally:
        stack.supervisorctl("start", "web")
    assert run.returncode == 1
    assert "program web" in run.stdout.splitlines()[-1]
    assert "supervisorctl start web" in run.stdout
    stack.wait_green()
