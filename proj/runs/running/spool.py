"""The folder of a run that is under way, `var/runs/<id>`: what its launcher says there, and how it is told to end.

proj/runs/running/launcher.py writes these files; its docstring lists them.
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

from proj.runs.running import processes

PORTION = 4 * 1024 * 1024  # bytes of an output that go at once
PAUSE = 0.005  # seconds before the next go


@dataclass(frozen=True, slots=True)
class Launcher:
    """Who runs the command: one process of one boot."""

    pid: int
    start: int
    boot: str

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.boot == processes.boot() and processes.alive(self.pid, self.start)


@dataclass(frozen=True, slots=True)
class Ending:
    """How the command ended. `why` is empty when it ended by itself; see Launch in the launcher."""

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
        """Its launcher, once there is one."""
        said = self._read("launcher.json")
        return Launcher(said["pid"], said["start"], said["boot"]) if said else None

    def started(self) -> datetime | None:
        """When the command was running."""
        said = self._read("started.json")
        return datetime.fromtimestamp(said["at"], UTC) if said else None

    def ending(self) -> Ending | None:
        """How the command ended, once it has, and all of its output is in the folder."""
        said = self._read("exit.json")
        return Ending(**(said | {"at": datetime.fromtimestamp(said["at"], UTC)})) if said else None

    def cancel(self) -> None:
        """Have the launcher end the command. It finds the file if it does not run yet."""
        try:
            (self.path / "cancel").touch()
        except FileNotFoundError:
            return  # it has not been begun: whoever begins it sees the row
        launcher = self.launcher()
        if launcher is None or launcher.boot != processes.boot():
            return
        try:
            handle = os.pidfd_open(launcher.pid)  # it cannot come to mean another process between look and signal
        except OSError:
            return
        try:
            if launcher.alive():
                signal.pidfd_send_signal(handle, signal.SIGUSR1)
        finally:
            os.close(handle)

    def end_orphans(self) -> None:
        """KILL the command's group when its launcher is gone: nobody would see its end, or its time-out.

        The command may have ended and left others there. A group's number is its own as long as anybody is in it.
        """
        said, launcher = self._read("started.json"), self.launcher()
        if not said or not launcher or launcher.boot != processes.boot():
            return
        if processes.alive(said["pid"], said["start"]) or self._left_in(said["pid"], launcher.pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):  # what became somebody else cannot be ended
                os.killpg(said["pid"], signal.SIGKILL)

    def _left_in(self, group: int, session: int) -> bool:
        """Whether anybody of this run is in that group of the launcher's session.

        Numbers come in turn, so a stranger and what it starts may have both of them one day. Its environment tells.
        """
        mark = f"SIGNALBOX_RUN={self.path.name}"
        return any(processes.began_with(pid, mark) for pid in processes.members(group, session))

    def last_words(self) -> str:
        """What the launcher itself complained of, if it did."""
        try:
            return (self.path / "launcher.log").read_text(errors="replace").strip()[-500:]
        except OSError:
            return ""

    def remove(self) -> None:
        """Clear it away; a large output little by little, for the disk holds up all its users while a file goes."""
        with contextlib.suppress(OSError):
            for size in range(self.output.stat().st_size - PORTION, 0, -PORTION):
                os.truncate(self.output, size)
                time.sleep(PAUSE)
        shutil.rmtree(self.path, ignore_errors=True)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            said: dict[str, Any] = json.loads((self.path / name).read_text())
        except (OSError, ValueError):  # it is not there, or a crash cut it short
            return None
        return said
