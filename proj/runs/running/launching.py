"""Starts the launcher of a run in a session of its own: it survives the worker and the worker's process group."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from proj.runs.models import Run
from proj.runs.running import sudo
from proj.runs.running.spool import Spool

if TYPE_CHECKING:
    from proj.runs.running.launcher import Specification

LAUNCHER = Path(__file__).with_name("launcher.py")

Process = subprocess.Popen[bytes]


def launch(run: Run, spool: Spool) -> Process:
    """Start the run's command. Harmless to repeat: of several launchers of a folder one runs it, the others end.

    Raises OSError when the folder cannot be made or no process can be started.
    """
    spool.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    spec = spool.path / "spec.json"
    unfinished = spec.with_suffix(".new")
    unfinished.write_text(json.dumps(specification(run)))
    unfinished.rename(spec)
    with (spool.path / "launcher.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-E", "-X", "utf8", str(LAUNCHER), str(spool.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(run),
            cwd="/",
            start_new_session=True,
            close_fds=True,
        )


def specification(run: Run) -> "Specification":
    """Return the launcher's orders."""
    service = run.service
    return {
        "command": run.command,
        # Another user may have no access to our home.
        "directory": service.directory or ("/" if service.run_as else str(Path.home())),
        "timeout": service.timeout,
        "grace": service.grace,
        "limit": service.output_limit,
        "over_limit": service.over_limit,
        "locale": "LC_CTYPE" in environment(run),
        "sudo": sudo.prefix(service.run_as) if service.run_as else [],
        "user": service.run_as,
        "kill": sudo.kill_program(),
    }


def environment(run: Run) -> dict[str, str]:
    """Return the command's whole environment."""
    passed_on = {name: os.environ[name] for name in run.service.environment if name in os.environ}
    fixed: dict[str, str] = run.service.values
    own = {"SIGNALBOX_RUN": str(run.pk), "SIGNALBOX_SERVICE": run.service.uid}
    return passed_on | fixed | own
