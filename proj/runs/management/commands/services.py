"""`manage.py services`: lists the services, or prints the rules of sudo that they need."""

import getpass
import json
from typing import Any

from django.core.management import BaseCommand, CommandParser

from proj.runs.catalog import sudoers
from proj.runs.models import Service
from proj.runs.running import sudo


class Command(BaseCommand):
    help = "List the services: uid, parameters, name."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print a list of objects instead")
        form.add_argument(
            "--sudoers",
            action="store_true",
            help="print the rules for /etc/sudoers.d that let services with run_as run, for the user of this command",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        services = list(Service.objects.all())
        if options["sudoers"]:
            rules = sudoers.fragment(services, getpass.getuser(), sudo.kill_program())
            self.stdout.write(rules or "# No service has run_as.\n", ending="")
            return
        if options["json"]:
            fields = ("uid", "name", "description", "command", "run_as", "parameters", "schedule", "enabled")
            self.stdout.write(json.dumps([{name: getattr(one, name) for name in fields} for one in services]))
            return
        for one in services:
            values = " ".join(f"{parameter.name}=..." for parameter in one.parameters_described())
            off = "" if one.enabled else "  (off)"
            self.stdout.write(f"{' '.join(filter(None, (one.uid, values)))}  {one.name}{off}")
