"""`manage.py addroom NAME` creates a room."""

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from proj.accounts.models import User
from proj.rooms import names
from proj.rooms.models import Room


class Command(BaseCommand):
    help = "Create a room. Nothing happens when it exists already."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--member", action="append", default=[], metavar="PERSON", help="make it members-only")

    def handle(self, *args: Any, **options: Any) -> None:
        people = list(User.objects.filter(username__in=options["member"]))
        unknown = set(options["member"]) - {person.username for person in people}
        if unknown:
            raise CommandError(f"there is nobody called {', '.join(sorted(unknown))}")
        try:
            key = names.key(names.checked(options["name"]))
        except names.BadRoomName as error:
            raise CommandError(str(error)) from None
        defaults = {"name": options["name"], "members_only": bool(people)}
        room, made = Room.objects.get_or_create(key=key, defaults=defaults)
        if people and not room.members_only:
            raise CommandError(f"the room {room} is there already and open to everyone")
        for person in people:
            room.add_member(person, by=person)
        self.stdout.write(f"{'made' if made else 'there already'}: {room}")
