"""`manage.py clock`: does what must be done by itself, until told to stop."""

import logging
import os
import signal
import threading
import time
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import BaseCommand
from django.db import connections
from django.utils.module_loading import module_has_submodule

from proj.runs import clock

logger = logging.getLogger(__name__)

TICK = 1.0  # seconds


class Command(BaseCommand):
    """Exit status: 0 after TERM or Ctrl+C."""

    help = "Sweep, start what is scheduled and delete what is old, until told to stop. Of several clocks one leads."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        holder = f"{settings.HOST}:{os.getpid()}"
        jobs = jobs_of_all()
        due = {job: 0.0 for _, job in jobs}
        leading = False
        while not stopping.is_set():
            try:
                was, leading = leading, clock.lead(holder)
                if leading and not was:
                    logger.info("leading")
            except Exception:
                leading = False
                _in_vain("the lead")
            for seconds, job in jobs:
                if leading and time.monotonic() >= due[job] and not stopping.is_set():
                    due[job] = time.monotonic() + seconds
                    try:
                        job()
                    except Exception:  # the others are done all the same; this one is tried again
                        _in_vain(job.__name__)
            stopping.wait(TICK)
        if leading:
            clock.resign(holder)


def jobs_of_all() -> list[clock.Job]:
    """The JOBS of each of our apps that has a module `clock`."""
    ours = [config for config in apps.get_app_configs() if config.name.startswith("proj.") and config.module]
    found = [config.name for config in ours if module_has_submodule(config.module, "clock")]
    return [job for name in found for job in import_module(f"{name}.clock").JOBS]


def _in_vain(what: str) -> None:
    logger.exception("%s failed; trying again", what)
    connections.close_all()
