"""`manage.py newepoch`: tells every page that the database is not the one it knew."""

from typing import Any

from django.core.management import BaseCommand

from proj.rooms.models import Room, new_epoch


class Command(BaseCommand):
    help = "Begins a new epoch in every room. To be run after a backup was restored: pages then load their state anew."

    def handle(self, *args: Any, **options: Any) -> None:
        for room in Room.objects.all():
            Room.objects.filter(pk=room.pk).update(epoch=new_epoch())
        self.stdout.write(f"{Room.objects.count()} rooms begin anew")
