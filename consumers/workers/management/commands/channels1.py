"""The command `manage.py channels1`: check the Channels 1.x code that the settings name."""

import dataclasses
import json
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

NO_WORKER_STATUS = 1
NOTICES_STATUS = 2


class Command(BaseCommand):
    """Exit status: 0 when the code can run and lacks nothing, 1 no worker can run it, 2 parts of it are faulty."""

    help = (
        "Check the Channels 1.x code: its routing, consumers, models and tables. Exit status: 1 no worker can run it, "
        "2 parts of it are faulty; each fault is one sentence."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--prepare", action="store_true", help="First apply the migrations of its apps.")
        parser.add_argument("--json", action="store_true", help="Print fault, notices and channels, with status 0.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.CHANNEL_ROUTING:
            raise CommandError("there is no Channels 1.x code: SIGNALBOX_CHANNEL_ROUTING is empty")
        from consumers.workers.legacy import checking  # not at the top: without a routing none of it is loaded

        unprepared = checking.prepare() if options["prepare"] and not settings.CHANNEL_FAULT else ""
        found = checking.checked()
        if options["json"]:
            self.stdout.write(json.dumps(dataclasses.asdict(found), ensure_ascii=False))
            return
        for sentence in dict.fromkeys(filter(None, [*found.notices, unprepared, found.fault])):  # the gravest is last
            self.stderr.write(f"signalbox: {sentence}")
        if found.fault or unprepared:
            raise SystemExit(NO_WORKER_STATUS)
        if found.notices:
            raise SystemExit(NOTICES_STATUS)
        self.stdout.write(f"The routing has the channels {', '.join(found.channels)}.")
