"""`manage.py runs [SERVICE]`: lists the newest runs."""

import json
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from proj.runs.models import Run, Service
from proj.runs.publishing import frames


class Command(BaseCommand):
    help = "List the newest runs, of one service or of all."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("service", nargs="?", metavar="SERVICE", help="its uid; manage.py services lists them")
        parser.add_argument("--active", action="store_true", help="only those that have not ended")
        parser.add_argument("-n", type=int, default=20, dest="most", metavar="N", help="at most so many (20)")
        parser.add_argument("--json", action="store_true", help="print a list of states instead")

    def handle(self, *args: Any, **options: Any) -> None:
        runs = Run.objects.select_related("service", "person")
        if options["service"]:
            if not Service.objects.filter(uid=options["service"]).exists():
                raise CommandError(f"There is no service {options['service']}; manage.py services lists them.")
            runs = runs.filter(service__uid=options["service"])
        if options["active"]:
            runs = runs.active()
        states = [frames.state(run) for run in runs[: max(1, options["most"])]]
        if options["json"]:
            self.stdout.write(json.dumps(states))
            return
        names = [f"{one['service']}#{one['number']}" for one in states]
        for name, one in zip(names, states, strict=True):
            by = one["person"] or one["origin"]
            line = f"{one['run']}  {name:{max(map(len, names))}}  {one['state']:9}  {one['created_at'][:19]}Z  {by}"
            self.stdout.write(f"{line}  {one['reason']}".rstrip())
