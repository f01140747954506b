"""`manage.py newepoch` makes every page load its room again, since the database is not the one it knew."""

from typing import Any

from django.core.management import BaseCommand

from proj.rooms.models import Room, new_epoch


class Command(BaseCommand):
    help = "Begin a new epoch in every room. Run it after the restore of a backup: pages then load their state again."

    def handle(self, *args: Any, **options: Any) -> None:
        for room in Room.objects.all():
            Room.objects.filter(pk=room.pk).update(epoch=new_epoch())
        self.stdout.write(f"{Room.objects.count()} rooms begin anew")
