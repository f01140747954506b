"""`manage.py clock`: does what must be done by itself, until told to stop."""

import logging
import os
import signal
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand
from django.db import connections

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
        due = {job: 0.0 for _, job in clock.JOBS}
        leading = False
        while not stopping.is_set():
            try:
                was, leading = leading, clock.lead(holder)
                if leading and not was:
                    logger.info("leading")
            except Exception:
                leading = False
                _in_vain("the lead")
            for seconds, job in clock.JOBS:
                if leading and time.monotonic() >= due[job] and not stopping.is_set():
                    due[job] = time.monotonic() + seconds
                    try:
                        job()
                    except Exception:  # the others are done all the same; this one is tried again
                        _in_vain(job.__name__)
            stopping.wait(TICK)
        if leading:
            clock.resign(holder)


def _in_vain(what: str) -> None:
    logger.exception("%s failed; trying again", what)
    connections.close_all()
