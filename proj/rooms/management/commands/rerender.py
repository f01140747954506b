"""`manage.py rerender` renders all messages again, after a change of the renderer."""

from typing import Any

from django.core.management import BaseCommand
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Lower

from proj.accounts.models import User
from proj.rooms.log import references
from proj.rooms.log.statements import cursor_of
from proj.rooms.models import Event
from proj.rooms.text import markup, mentions

ROWS_PER_QUERY = 500


class Command(BaseCommand):
    help = "Render all messages again from their text. Open pages show the result when they are loaded again."

    def handle(self, *args: Any, **options: Any) -> None:
        changed = last = 0
        while rows := list(Event.objects.filter(pk__gt=last).exclude(text="").order_by("pk")[:ROWS_PER_QUERY]):
            last = rows[-1].pk
            rendered = _rendered([row.text for row in rows])
            for row, html in zip(rows, rendered, strict=True):
                if row.html != html:  # an edit in the meantime has rendered its own text
                    changed += Event.objects.filter(pk=row.pk, text=row.text).update(html=html)
        self.stdout.write(f"{changed} messages look different now")


def _rendered(texts: list[str]) -> list[str]:
    """Return the HTML of the texts. Mentions of people that are deactivated today stay."""
    rendered = [markup.render(text) for text in texts]
    names = {name for one in rendered for name in one.mentions}
    people = User.objects.annotate(key=Lower("username"))
    found = people.filter(Q(key__in={mentions.key(name) for name in names}) | Q(username__in=names)) if names else []
    known = {mentions.key(person.username) for person in found}
    with cursor_of(connection) as cursor:
        addresses = references.addresses(cursor, {one for message in rendered for one in message.references})
    return [one.settled(known, addresses).html for one in rendered]
