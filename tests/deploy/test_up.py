"""./deploy/up and the processes under supervisord, on the whole stack."""

import os
import re
import socket
import stat
import threading
import time
import urllib.request

import pytest

from deploy import port, takeover
from tests.conftest import wait_for
from tests.system.stack import Stack

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

WORKERS = {"worker-chat", "worker-runs_0", "worker-runs_1", "clock"}
PROGRAMS = {"redis", "nginx", "web", "interface_0", "interface_1", *WORKERS}


def test_every_program_runs(stack: Stack) -> None:
    assert set(stack.programs()) >= PROGRAMS
    wait_for(lambda: all(one["statename"] == "RUNNING" for one in stack.programs().values()), 30, "RUNNING")
    assert "RUNNING" in stack.supervisorctl("status")


def test_a_second_run_is_quick_and_restarts_nothing(stack: Stack) -> None:
    before = stack.pids()
    settings = stack.settings
    began = time.monotonic()

    done = stack.run("./deploy/up")

    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began < 60
    assert stack.pids() == before
    assert stack.settings == settings
    assert "sign-in/link" not in done.stdout
    assert f"Signalbox is up: {stack.url}/" in done.stdout


def test_only_the_owner_can_read_the_settings_and_reach_the_sockets(stack: Stack) -> None:
    def mode(path: str) -> int:
        return stat.S_IMODE((stack.root / path).stat().st_mode)

    assert mode("var/signalbox.env") == 0o600
    assert mode("var/run") == 0o700
    assert mode("var/run/supervisor.sock") == 0o700
    assert mode("var/run/redis.sock") == 0o700
    assert mode("var/run/interface_0.sock") == 0o660
    assert mode("var/run/web.sock") == 0o660


def test_redis_is_what_the_layer_needs(stack: Stack) -> None:
    import redis

    with redis.Redis(unix_socket_path=f"{stack.root}/var/run/redis.sock") as client:
        found = client.config_get("*")
    assert found["maxmemory-policy"] == "noeviction"
    assert int(found["maxmemory"]) > 0
    assert found["save"] == ""
    assert found["port"] == "0"


def test_a_taken_port_is_reported_with_its_holder(stack: Stack) -> None:
    before = stack.pids()
    settings = (stack.root / "var/signalbox.env").read_text()
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]

        done = stack.run("./deploy/up", SIGNALBOX_PORT=str(taken))

    assert (stack.root / "var/signalbox.env").read_text() == settings
    assert done.returncode == 1
    assert f"port {taken} is taken (127.0.0.1:{taken}) by process {os.getpid()}: " in done.stderr
    assert stack.pids() == before


def test_what_was_killed_comes_back(stack: Stack) -> None:
    for program in sorted(PROGRAMS):
        was = (0, stack.kill9(program))

        def is_back(program: str = program, was: tuple[int, int] = was) -> bool:
            return stack.pid(program) not in was

        wait_for(is_back, 20, program)

    stack.wait_green()


def test_a_killed_supervisord_is_followed_by_one_that_takes_over(stack: Stack) -> None:
    old = {process.pid for process in stack.processes()}
    stack.kill9("supervisord")
    wait_for(lambda: not stack.pid("supervisord"), what="the end of supervisord")

    stack.start()

    stack.wait_green()
    new = {process.pid for process in stack.processes()}
    assert not old & new
    leaders = sorted(takeover.link(f"/proc/{pid}/exe") for pid in stack.pids().values())
    assert len(leaders) == len(PROGRAMS)
    assert set(stack.pids().values()) <= new


def test_an_upgrade_restarts_what_runs_on_changed_code_and_fails_no_request(stack: Stack) -> None:
    before = stack.pids()
    file = stack.root / "proj" / "wsgi.py"
    file.write_text(file.read_text() + "# changed\n")
    done = threading.Event()
    found: list[int] = []

    def ask() -> None:
        while not done.is_set():
            found.append(stack.get("/sign-in/")[0])

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        stack.start()
    finally:
        done.set()
        asking.join()

    after = stack.pids()
    assert {name for name in before if before[name] != after[name]} == {"interface_0", "interface_1", *WORKERS}
    assert "chain reload" in stack.log("web")
    assert set(found) == {200}


def test_a_restart_is_one_process_at_a_time(stack: Stack) -> None:
    before = stack.pids()

    done = stack.run("./deploy/restart", "interface")

    assert done.returncode == 0, done.stderr
    assert done.stdout == "interface:interface_0: restarted\ninterface:interface_1: restarted\n"
    after = stack.pids()
    assert {name for name in before if before[name] != after[name]} == {"interface_0", "interface_1"}
    stack.wait_green()


def test_the_admin_works_under_the_policy(stack: Stack) -> None:
    """Check that there is no inline script, style or handler, which the policy forbids."""
    cookie = stack.sign_in("policy-admin")
    stack.manage(
        "shell",
        "-c",
        "from proj.accounts.models import User; "
        "User.objects.filter(username='policy-admin').update(is_staff=True, is_superuser=True)",
    )
    for path in ("/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/"):
        status, headers, text = stack.get(path, {"Cookie": cookie})
        assert status == 200, path
        assert "unsafe" not in headers["content-security-policy"]
        scripts = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", text)
        assert not scripts, path
        assert not re.search(r"<[^>]+\s(on\w+|style)=\"", text), path
        assert "<style" not in text


def test_pages_are_compressed_and_static_files_kept(stack: Stack) -> None:
    _, _, text = stack.get("/sign-in/")
    found = re.search(r'/static/[^"]+\.[0-9a-f]{12}\.css', text)
    assert found, "the page names its style sheet by its hash"

    request = urllib.request.Request(stack.url + found[0], headers={"Accept-Encoding": "gzip"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Encoding"] == "gzip"


def test_a_backup_of_the_running_stack_is_restored(stack: Stack) -> None:
    archive = stack.root / "one.tar.gz"
    stack.sign_in("before-backup")
    done = stack.run("./deploy/backup", str(archive))
    assert done.returncode == 0, done.stderr
    stack.sign_in("after-backup")
    assert "running" in stack.run("./deploy/restore", str(archive)).stderr

    assert stack.run("./deploy/down").returncode == 0
    done = stack.run("./deploy/restore", str(archive))
    assert done.returncode == 0, done.stdout + done.stderr
    stack.forget_people()
    stack.start()

    people = stack.manage(
        "shell", "-c", "from proj.accounts.models import User; print(*User.objects.values_list('username'))"
    )
    assert "before-backup" in people
    assert "after-backup" not in people
    archive.unlink()


def test_another_address_takes_effect(stack: Stack) -> None:
    """0.0.0.0 cannot be bound while nginx still holds 127.0.0.1."""
    old = stack.settings
    try:
        done = stack.run("./deploy/up", SIGNALBOX_BIND="0.0.0.0")  # noqa: S104
        assert done.returncode == 0, done.stdout + done.stderr
        assert [str(row.address) for row in port.listeners() if row.port == stack.port] == ["0.0.0.0"]  # noqa: S104
        assert old["SIGNALBOX_URLS"] in stack.settings["SIGNALBOX_URLS"]
    finally:
        stack.run("./deploy/up", SIGNALBOX_BIND="127.0.0.1")

    assert stack.settings == old
    assert stack.get("/sign-in/")[0] == 200
