"""The command `manage.py rundelay` of Channels 1.x. The clock does its work."""

from typing import Any

from django.core.management import BaseCommand, CommandError


class Command(BaseCommand):
    """The command that the clock replaces. Its exit status is 1."""

    help = "Does nothing: the clock sends delayed messages (manage.py clock)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--layer", help="Not used.")
        parser.add_argument("--sleep", help="Not used.")

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("the clock sends delayed messages: it runs already, and rundelay is not needed")
