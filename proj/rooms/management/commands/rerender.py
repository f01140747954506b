"""`manage.py rerender` renders all messages again, after a change of the renderer."""

from typing import Any

from django.core.management import BaseCommand

from proj.rooms.models import Event
from proj.rooms.text import markup

ROWS_PER_QUERY = 500


class Command(BaseCommand):
    help = "Render all messages again from their text. Open pages show the result when they are loaded again."

    def handle(self, *args: Any, **options: Any) -> None:
        changed = last = 0
        while rows := list(Event.objects.filter(pk__gt=last).exclude(text="").order_by("pk")[:ROWS_PER_QUERY]):
            last = rows[-1].pk
            stale = [row for row in rows if row.html != markup.render(row.text).html]
            for row in stale:
                # an edit in the meantime has rendered its own text
                changed += Event.objects.filter(pk=row.pk, text=row.text).update(html=markup.render(row.text).html)
        self.stdout.write(f"{changed} messages look different now")
