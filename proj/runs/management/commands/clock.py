"""`manage.py clock`: runs the recurring jobs of every app until it is stopped."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import BaseCommand
from django.db import connections
from django.utils.module_loading import module_has_submodule

from proj.monotonic import NEVER
from proj.runs.upkeep import leadership

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
OWN_APPS = ("proj.", "channels_legacy.")

Job = tuple[float, Callable[[], object]]  # seconds between two calls, and the function


class Command(BaseCommand):
    """Exit status: 0 after TERM or Ctrl+C."""

    help = "Sweep, start what is scheduled and delete what is old, until told to stop. Of several clocks one leads."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        holder = f"{settings.HOST}:{os.getpid()}"
        jobs = all_jobs()
        due_at = {function: NEVER for _, function in jobs}
        leading = False
        while not stopping.is_set():
            was_leading, leading = leading, _claimed(holder)
            if leading and not was_leading:
                logger.info("leading")
            for seconds, function in jobs:
                if leading and time.monotonic() >= due_at[function] and not stopping.is_set():
                    due_at[function] = time.monotonic() + seconds
                    _call(function)
            stopping.wait(TICK_SECONDS)
        if leading:
            leadership.resign(holder)


def all_jobs() -> list[Job]:
    """Return the JOBS of each app of this project that has a module `clock`. Apps of a team have none."""
    ours = [config for config in apps.get_app_configs() if config.name.startswith(OWN_APPS) and config.module]
    found = [config.name for config in ours if module_has_submodule(config.module, "clock")]
    return [job for name in found for job in import_module(f"{name}.clock").JOBS]


def _claimed(holder: str) -> bool:
    try:
        return leadership.claim(holder)
    except Exception:
        logger.exception("could not claim the leadership; trying again")
        connections.close_all()
        return False


def _call(function: Callable[[], object]) -> None:
    try:
        function()
    except Exception:  # the other jobs are done all the same; this one is tried again
        logger.exception("job %s failed; trying again", function.__name__)
        connections.close_all()
