"""`manage.py services`: lists the services."""

import json
from typing import Any

from django.core.management import BaseCommand, CommandParser

from proj.runs.models import Service


class Command(BaseCommand):
    help = "List the services: uid, parameters, name."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a list of objects instead")

    def handle(self, *args: Any, **options: Any) -> None:
        services = list(Service.objects.all())
        if options["json"]:
            fields = ("uid", "name", "description", "command", "parameters", "schedule", "enabled")
            self.stdout.write(json.dumps([{name: getattr(one, name) for name in fields} for one in services]))
            return
        for one in services:
            values = " ".join(f"{parameter.name}=..." for parameter in one.parameters_described())
            off = "" if one.enabled else "  (off)"
            self.stdout.write(f"{' '.join(filter(None, (one.uid, values)))}  {one.name}{off}")
