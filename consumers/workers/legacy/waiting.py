"""The waiting of a worker with broken code of a team: until a file changes, or for minutes. Then it starts anew."""

import contextlib
import logging
import os
import sys
import time
from pathlib import Path
from typing import NoReturn

from django.conf import settings

from proj.team_code.files import trace
from proj.team_code.loading import WAITED_FOR, team_folders
from proj.team_code.packages import installed_packages

logger = logging.getLogger(__name__)

TRACE_SECONDS = 3.0  # between two looks at the files
NEW_START_SECONDS = 300.0  # without a change: the fault may be outside of the files, such as a package


def sign() -> Path:
    """Return the file that holds the fault while this process waits; deploy/roll.py reads it."""
    return Path(settings.RUN) / f"{os.environ.get('SUPERVISOR_PROCESS_NAME', 'channels')}.waits"


def wait(fault: str) -> NoReturn:
    """Wait, then start this process again under the same pid. Costs the CPU of a look at the files' times."""
    if fault != settings.CHANNEL_FAULT and fault != os.environ.get(WAITED_FOR):  # else the log has it already
        logger.error("running without the Channels 1.x code: %s", fault)
    logger.info("this worker waits, and starts by itself when a file of the code changes")
    with contextlib.suppress(OSError):  # a full disk; then deploy/roll.py waits for its own time limit
        sign().write_text(fault, encoding="utf-8")
    before, until = _trace(), time.monotonic() + NEW_START_SECONDS
    while time.monotonic() < until and _trace() == before:
        time.sleep(TRACE_SECONDS)
    os.environ[WAITED_FOR] = fault
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - no shell


def go_on() -> None:
    """Remove the file of a process that waited."""
    with contextlib.suppress(OSError):
        sign().unlink()


def _trace() -> frozenset[tuple[str, int, int]]:
    return trace(team_folders(), settings.VAR / "signalbox.env", installed_packages())
