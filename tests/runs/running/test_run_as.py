"""Commands as another user, with the real sudo and real users of the host. Only root can make these, for the test."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from proj.runs.catalog import sudoers
from proj.runs.models import Run, Service
from proj.runs.running import endings, launching, sudo
from proj.runs.running.spool import Ending, Spool
from tests.conftest import wait_for

SUDO = shutil.which("sudo", path=sudo.SYSTEM_PATH)
PYTHON = shutil.which("python3", path="/usr/bin:/bin")  # another user may have no access to ours
pytestmark = [
    pytest.mark.host_users,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make users for the test"),
    pytest.mark.skipif(not SUDO, reason="sudo is not installed"),
    pytest.mark.skipif(not PYTHON, reason="the host has no Python of its own"),
]
SECONDS = 15.0


@dataclass
class Host:
    """Two users, a folder of the first one, and the rules of sudo for it."""

    box: str
    deploy: str
    folder: Path
    rules: Path
    launchers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def allow(self, *services: Service, kill: bool = True) -> str:
        """Install the rules for these services, and return them."""
        text = sudoers.fragment(services, self.box, sudo.kill_program())
        if not kill:
            text = "".join(line for line in text.splitlines(keepends=True) if "/kill " not in line)
        return self.install(text)

    def install(self, text: str) -> str:
        checked = subprocess.run(["visudo", "-cf", "-"], input=text.encode(), capture_output=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        self.rules.write_text(text)
        self.rules.chmod(0o440)
        return text

    def launch(self, service: Service, *more: str, **spec: Any) -> Spool:
        """Start a run of the service with the launcher, as the first user."""
        run = Run(service=service, command=[*service.command, *more])
        folder = self.folder / str(run.pk)
        folder.mkdir()
        (folder / "spec.json").write_text(json.dumps({**launching.specification(run), **spec}))
        shutil.chown(folder, self.box)
        shutil.copy(launching.LAUNCHER, self.folder)
        user = pwd.getpwnam(self.box)
        arguments = [PYTHON or "", "-I", "-S", "-E", "-X", "utf8", str(self.folder / "launcher.py"), str(folder)]
        launcher = subprocess.Popen(
            arguments,
            env=launching.environment(run) | {"SECRET": "of the worker"},
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            stdin=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        self.launchers.append(launcher)
        spool = Spool(run.pk)
        spool.path, spool.output = folder, folder / "output"
        return spool

    def run(self, service: Service, *more: str, **spec: Any) -> tuple[dict[str, Any], str]:
        """Run the service to its end; return the report and the output."""
        return self.ended(self.launch(service, *more, **spec))

    def ended(self, spool: Spool) -> tuple[dict[str, Any], str]:
        report = spool.path / "exit.json"
        wait_for(report.exists, SECONDS, "the end of the run")
        return json.loads(report.read_text()), spool.output.read_text()

    def allows(self, *command: str) -> bool:
        """Return whether sudo lets the first user run this command as the second."""
        user = pwd.getpwnam(self.box)
        asked = subprocess.run(
            [SUDO or "", "-n", "-l", "-u", self.deploy, "--", *command],
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            capture_output=True,
            start_new_session=True,
            check=False,
        )
        return asked.returncode == 0


@pytest.fixture
def host() -> Iterator[Host]:
    """The users exist for the test only. Nothing else on the host has their names."""
    suffix = uuid.uuid4().hex[:6]
    folder = Path(tempfile.mkdtemp(prefix="sb-run-as-"))
    folder.chmod(0o755)
    host = Host(f"sbbox{suffix}", f"sbdeploy{suffix}", folder, Path(f"/etc/sudoers.d/sbtest{suffix}"))
    for name in (host.box, host.deploy):
        subprocess.run(["useradd", "-M", "-s", "/usr/sbin/nologin", name], check=True)
    yield host
    for launcher in host.launchers:
        launcher.kill()
        launcher.wait(SECONDS)
    host.rules.unlink(missing_ok=True)
    for name in (host.box, host.deploy):
        for pid in owned_by(name):
            os.kill(pid, signal.SIGKILL)
        wait_for(partial(idle, name), SECONDS, f"the end of the processes of {name}")
        subprocess.run(["userdel", "--force", name], check=True, capture_output=True)  # zombies are no matter
    shutil.rmtree(folder)


def idle(name: str) -> bool:
    return not owned_by(name)


def owned_by(name: str) -> list[int]:
    """Return the living processes of a user."""
    uid = pwd.getpwnam(name).pw_uid
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                found += [int(entry.name)] if state not in "ZX" else []
        except OSError:
            continue
    return found


def service(host: Host, *command: str, **fields: Any) -> Service:
    fields = {"directory": "/", "grace": 1} | fields
    made = Service(uid="web1", name="web1", command=list(command), run_as=host.deploy, **fields)
    made.clean()
    return made


def test_a_command_becomes_the_other_user_with_its_own_environment(host: Host) -> None:
    it = service(host, "/usr/bin/env", values={"MODE": "live: a=b,c"})
    host.allow(it)
    report, output = host.run(it)
    lines = dict(line.partition("=")[::2] for line in output.splitlines())
    assert (report["exit_code"], report["why"]) == (0, "")
    assert (lines["USER"], lines["MODE"], lines["SIGNALBOX_SERVICE"]) == (host.deploy, "live: a=b,c", "web1")
    assert "SIGNALBOX_RUN" in lines
    assert "SECRET" not in lines


def test_a_command_of_another_user_cannot_read_our_files(host: Host) -> None:
    secret = host.folder / "signalbox.env"
    secret.write_text("SIGNALBOX_SECRET_KEY=x")
    secret.chmod(0o600)
    shutil.chown(secret, host.box)
    theirs, ours = service(host, "/usr/bin/cat", str(secret)), service(host, "/usr/bin/cat", str(secret))
    host.allow(theirs)
    ours.run_as = ""
    assert "SECRET_KEY" in host.run(ours)[1]
    report, output = host.run(theirs)
    assert report["exit_code"] == 1
    assert "Permission denied" in output
    assert "SECRET_KEY" not in output


def test_arguments_arrive_as_they_are(host: Host) -> None:
    strange = ["a b", "", "*", "$(id)", "x\\y", "ключ=значение", "'\"", "-n", "{{x}}", "!", "a,b:c"]
    it = service(host, "/usr/bin/printf", "[%s]", *strange)
    host.allow(it)
    report, output = host.run(it, command=["/usr/bin/printf", "[%s]", *(s.replace("{{x}}", "{x}") for s in strange)])
    assert (report["exit_code"], report["detail"]) == (0, "")
    assert output == "".join(f"[{one}]" for one in strange).replace("{{x}}", "{x}")


STUBBORN = "trap '' TERM; sh -c 'trap \"\" TERM; sleep 300' & echo ready; sleep 300; sleep 300"


@pytest.mark.parametrize("script", ["echo ready; exec sleep 300", STUBBORN])
def test_canceling_ends_the_whole_group(host: Host, script: str) -> None:
    it = service(host, "/bin/sh", "-c", script)
    host.allow(it)
    spool = host.launch(it)
    wait_for(lambda: spool.output.exists() and b"ready" in spool.output.read_bytes(), SECONDS)
    assert owned_by(host.deploy)
    spool.cancel()
    report, output = host.ended(spool)
    assert report["why"] == "canceled"
    assert report["signal"] in (signal.SIGTERM, signal.SIGKILL)
    assert "cannot be ended" not in output
    assert owned_by(host.deploy) == []


def test_a_command_gets_each_signal_once(host: Host) -> None:
    """A second TERM makes some programs give up without cleaning up."""
    it = service(host, "/bin/sh", "-c", "trap 'echo got' TERM; echo ready; while :; do sleep 0.1 & wait $!; done")
    host.allow(it)
    spool = host.launch(it)
    wait_for(lambda: spool.output.exists() and b"ready" in spool.output.read_bytes(), SECONDS)
    spool.cancel()
    report, output = host.ended(spool)
    assert (report["why"], output.count("got")) == ("canceled", 1)


def test_a_time_out_ends_the_whole_group(host: Host) -> None:
    it = service(host, "/bin/sh", "-c", STUBBORN, timeout=1)
    host.allow(it)
    report, _ = host.run(it)
    assert report["why"] == "timed_out"
    assert owned_by(host.deploy) == []


def test_a_command_is_killed_when_its_launcher_was(host: Host) -> None:
    it = service(host, "/bin/sh", "-c", "echo ready; exec sleep 300")
    host.allow(it)
    spool = host.launch(it)
    wait_for(lambda: spool.output.exists() and b"ready" in spool.output.read_bytes(), SECONDS)
    host.launchers[-1].kill()
    host.launchers[-1].wait(SECONDS)
    spool.kill_orphans()
    wait_for(lambda: not owned_by(host.deploy), SECONDS, "the end of the command")


def test_without_a_rule_for_kill_the_output_says_so_and_the_command_is_waited_for(host: Host) -> None:
    it = service(host, "/bin/sh", "-c", "echo ready; sleep 4", timeout=1)
    host.allow(it, kill=False)
    report, output = host.run(it)
    assert report["why"] == "timed_out"
    assert f"It cannot be ended from here: sudo does not allow kill as {host.deploy}. It is waited for." in output


def refused(report: dict[str, Any], it: Service) -> str:
    """Return the sentence of a run that could not begin."""
    assert (report["why"], report["exit_code"]) == ("exec", None)
    at = datetime.fromtimestamp(report["at"], UTC)
    found = Ending(report["exit_code"], report["signal"], report["why"], report["detail"], at)
    state, fields = endings.reported(Run(service=it, command=it.command), found)
    assert state == "failed"
    return str(fields["reason"])


def test_a_refusal_of_sudo_is_a_clear_sentence(host: Host) -> None:
    it = service(host, "/usr/bin/id")
    begins = f"sudo does not let root run this as {host.deploy}: "  # the worker of this test is root
    sentence = refused(host.run(it)[0], it)
    assert sentence == f"{begins}a password is required."
    host.install(f"{host.box} ALL=(root) NOPASSWD: /usr/bin/true\n")
    assert refused(host.run(it)[0], it) == f"{begins}no rule of sudoers allows this command."
    host.install(f"{host.box} ALL=({host.deploy}) /usr/bin/id\n")
    assert "a password is required" in refused(host.run(it)[0], it)
    gone = service(host, "/usr/bin/id")
    gone.run_as = "nosuchuser"
    assert "nosuchuser" in refused(host.run(gone)[0], gone)
    missing = host.run(it, sudo=["/nosuch/sudo", "-n", "-u", host.deploy, "--"])[0]
    assert refused(missing, it) == f"{begins}sudo is not installed."


def test_the_rules_allow_the_service_and_nothing_else(host: Host) -> None:
    parameters = [
        {"name": "version", "pattern": "[0-9.]+", "required": True},
        {"name": "target", "type": "choice", "choices": ["eu.1", "us,2"], "required": True},
        {"name": "note"},
        {"name": "force", "type": "boolean", "argument": "--force"},
    ]
    command = ["/usr/bin/printf", "--to={target}", "{version}", "{note}", "{force}"]
    host.allow(service(host, *command, parameters=parameters), service(host, "/usr/bin/id"))
    for allowed in (
        ["/usr/bin/id"],
        ["/usr/bin/printf", "--to=eu.1", "1.4"],
        ["/usr/bin/printf", "--to=us,2", "1.4", "well"],
        ["/usr/bin/printf", "--to=us,2", "1.4", "--force"],
        ["/usr/bin/printf", "--to=us,2", "1.4", "well", "--force"],
        [sudo.kill_program(), "-TERM", "--", "-123"],
    ):
        assert host.allows(*allowed), allowed
    for denied in (
        ["/usr/bin/id", "-u"],
        ["/usr/bin/printf"],
        ["/usr/bin/printf", "--to=eu.1", "1.4", "--", "x"],
        ["/usr/bin/printf", "--to=eu.1", "1.4 --evil"],
        ["/usr/bin/printf", "--to=euX1", "1.4"],
        ["/usr/bin/printf", "--to=eu.1", "1.4;id"],
        ["/usr/bin/printf", "--to=eu.1", "1.4", "-n"],
        ["/usr/bin/printf", "--to=eu.1", "1.4", "a b"],
        ["/usr/bin/printf", "--to=eu.1", "1.4", "well", "--force", "more"],
        [sudo.kill_program(), "-HUP", "--", "-123"],
        [sudo.kill_program(), "-TERM", "--", "-123", "-5"],
        ["/bin/sh"],
    ):
        assert not host.allows(*denied), denied
