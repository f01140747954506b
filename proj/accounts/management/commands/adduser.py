"""`manage.py adduser NAME`: add a person and print the one-time link that signs the person in."""

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from proj.accounts.models import User


class Command(BaseCommand):
    """Exit status: 0 done, 1 refused with a sentence, 2 bad usage."""

    help = (
        "Add a person and print a one-time sign-in link. The person opens it, presses the button and chooses a "
        "password. The link alone goes to standard output; it signs in once, within three days, so hand it over "
        "privately."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the sign-in name: letters, digits and @.+-_ in any script")
        parser.add_argument(
            "--admin", action="store_true", help="make the person an administrator, with access to /admin/"
        )
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            "--again", action="store_true", help="print a new link for an existing person (lost link or password)"
        )
        which.add_argument(
            "--first", action="store_true", help="print nothing and add nobody when there is an administrator already"
        )
        parser.add_argument(
            "--json", action="store_true", help='print {"name", "admin", "link", "expires"} instead of the link'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["first"] and User.objects.administrators().exists():
                return
            find = self.known if options["again"] else self.added
            person = find(options["name"], admin=options["admin"])
        except DatabaseError as error:
            raise CommandError(f"The database is not ready ({error}). Run: manage.py migrate") from error
        self.print(person, as_json=options["json"])

    def added(self, name: str, *, admin: bool) -> User:
        try:
            return User.objects.add(name, admin=admin)
        except ValidationError as error:
            # PostgreSQL would refuse to search for a name with a NUL.
            if "\0" not in name and User.objects.filter(username__iexact=User.normalize_username(name)).exists():
                raise CommandError(f"{name} exists already. For a new link: manage.py adduser {name} --again") from None
            raise CommandError(f"{name!r} cannot be a name: {' '.join(error.messages)}") from None

    def known(self, name: str, *, admin: bool) -> User:
        if admin:
            raise CommandError("--again does not change rights; make a person an administrator at /admin/.")
        person = User.objects.filter(username=User.normalize_username(name)).first()
        if person is None:
            raise CommandError(f"There is no person {name}. To add one: manage.py adduser {name}")
        if not person.is_active:
            raise CommandError(f"{name} is deactivated; an administrator can change that at /admin/.")
        return person

    def print(self, person: User, *, as_json: bool) -> None:
        link = person.sign_in_link()
        expires = timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
        if as_json:
            self.stdout.write(
                json.dumps(
                    {
                        "name": person.username,
                        "admin": person.is_superuser,
                        "link": link,
                        "expires": expires.isoformat(timespec="seconds"),
                    }
                )
            )
            return
        self.stderr.write(
            f"{person} signs in once with this link, until {expires:%Y-%m-%d %H:%M} UTC:", lambda text: text
        )
        self.stdout.write(link)
