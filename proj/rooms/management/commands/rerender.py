"""`manage.py rerender`: makes the HTML of all messages anew, after what they look like has changed."""

from typing import Any

from django.core.management import BaseCommand

from proj.rooms.models import Event
from proj.rooms.text import markup

PORTION = 500  # rows in memory at a time


class Command(BaseCommand):
    help = "Renders all messages again from their text. Pages that are open show it when they are loaded again."

    def handle(self, *args: Any, **options: Any) -> None:
        changed = last = 0
        while rows := list(Event.objects.filter(pk__gt=last).exclude(text="").order_by("pk")[:PORTION]):
            last = rows[-1].pk
            stale = [row for row in rows if row.html != markup.render(row.text).html]
            for row in stale:
                # an edit in between has rendered its own text
                changed += Event.objects.filter(pk=row.pk, text=row.text).update(html=markup.render(row.text).html)
        self.stdout.write(f"{changed} messages look different now")
