"""The folder of an active run, `var/runs/<id>`: the launcher's reports in it, and the request to end the command.

proj/runs/running/launcher.py writes these files; its docstring lists them. Their names and contents stay readable for
the versions before and after: an upgrade finds the launchers of the version before at work.
"""

import contextlib
import json
import os
import shutil
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from proj.runs.running import processes, sudo

TRUNCATE_BYTES = 4 * 1024 * 1024  # of an output that is deleted, at a time
TRUNCATE_PAUSE_SECONDS = 0.005
MAX_COMPLAINT_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Launcher:
    """The identity of a launcher: one process of one boot."""

    pid: int
    start: int  # clock ticks since boot
    boot: str

    def alive(self) -> bool:
        """Return whether the launcher still runs."""
        return self.boot == processes.boot() and processes.alive(self.pid, self.start)


@dataclass(frozen=True, slots=True)
class Ending:
    """The launcher's report of a command's end. `why` is empty when the command ended by itself; see Launch there."""

    exit_code: int | None
    signal: int | None
    why: str
    detail: str
    at: datetime


class Spool:
    """The folder of one run, as the worker and the clock see it."""

    def __init__(self, run_id: object) -> None:
        self.path = Path(settings.RUNS) / str(run_id)
        self.output = self.path / "output"

    def launcher(self) -> Launcher | None:
        """Return the run's launcher, or None before there is one."""
        report = self._read("launcher.json")
        return Launcher(report["pid"], report["start"], report["boot"]) if report else None

    def started_at(self) -> datetime | None:
        """Return when the command was running, or None before that."""
        report = self._read("started.json")
        return datetime.fromtimestamp(report["at"], UTC) if report else None

    def ending(self) -> Ending | None:
        """Return how the command ended; None until it has, with all of its output in the folder."""
        report = self._read("exit.json")
        if report is None:
            return None
        at = datetime.fromtimestamp(report["at"], UTC)
        return Ending(report["exit_code"], report["signal"], report["why"], report["detail"], at)

    def cancel(self) -> None:
        """Ask the launcher to end the command. A launcher that does not run yet finds the file."""
        try:
            (self.path / "cancel").touch()
        except FileNotFoundError:
            return  # the run has not been launched: the worker that launches it reads the row
        launcher = self.launcher()
        if launcher is None or launcher.boot != processes.boot():
            return
        try:
            handle = os.pidfd_open(launcher.pid)  # the handle cannot come to mean another process before the signal
        except OSError:
            return
        try:
            if launcher.alive():
                signal.pidfd_send_signal(handle, signal.SIGUSR1)
        finally:
            os.close(handle)

    def kill_orphans(self) -> None:
        """KILL the command's process group when its launcher is gone: nothing would notice its end, or its timeout.

        The command may have ended and left other processes there. A group's number is not reused while the group has
        a member.
        """
        report, launcher = self._read("started.json"), self.launcher()
        if not report or not launcher or launcher.boot != processes.boot():
            return
        user = (self._read("spec.json") or {}).get("user")
        if user and processes.alive(report["pid"], report["start"]):
            sudo.kill(user, report["pid"])
        elif processes.alive(report["pid"], report["start"]) or self._has_members(report["pid"], launcher.pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):  # a group of another user cannot be killed
                os.killpg(report["pid"], signal.SIGKILL)

    def _has_members(self, group: int, session: int) -> bool:
        """Return whether a process of this run is in that group of the launcher's session.

        Numbers are given in turn, so an unrelated process and its children may have both of them one day. The
        environment tells the two apart.
        """
        found = processes.members(group, session)
        return any(processes.started_with(pid, "SIGNALBOX_RUN", self.path.name) for pid in found)

    def complaint(self) -> str:
        """Return the end of the launcher's own error output; empty when there is none."""
        try:
            return (self.path / "launcher.log").read_text(errors="replace").strip()[-MAX_COMPLAINT_CHARACTERS:]
        except OSError:
            return ""

    def remove(self) -> None:
        """Delete the folder. A large output goes in steps: the disk holds up all its users while a file is deleted."""
        with contextlib.suppress(OSError):
            for size in range(self.output.stat().st_size - TRUNCATE_BYTES, 0, -TRUNCATE_BYTES):
                os.truncate(self.output, size)
                time.sleep(TRUNCATE_PAUSE_SECONDS)
        shutil.rmtree(self.path, ignore_errors=True)

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_text())
        except (OSError, ValueError):  # the file is not there, or a crash cut it short
            return None
