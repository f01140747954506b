"""`manage.py prune` deletes the messages over the limits of rooms. The clock does it every hour."""

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from proj.rooms import names, retention
from proj.rooms.models import Room


class Command(BaseCommand):
    help = "Delete and list the messages over the limits of rooms; a room's settings say how long messages are kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("room", nargs="*", help="these rooms only")
        parser.add_argument("--dry-run", action="store_true", help="only print what would be deleted")

    def handle(self, *args: Any, **options: Any) -> None:
        rooms = Room.objects.filter(key__in=[names.key(name) for name in options["room"]])
        if rooms.count() < len(set(options["room"])):
            raise CommandError("there is no such room among them")
        for found in retention.surplus(rooms if options["room"] else Room.objects.all()):
            if not options["dry_run"]:
                retention.prune(found.room, found.seq)
            would = "would be deleted" if options["dry_run"] else "deleted"
            self.stdout.write(f"{found.room}: {found.events} events until {found.newest:%Y-%m-%d %H:%M} UTC {would}")
