from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RoomsConfig(AppConfig):
    name = "proj.rooms"
    label = "rooms"
    verbose_name = _("Rooms")

    def ready(self) -> None:
        from django.db.models.signals import post_delete, post_save

        from proj.rooms import signals

        post_delete.connect(signals.when_member_left, sender="rooms.Membership", dispatch_uid="access")
        post_save.connect(signals.when_room_saved, sender="rooms.Room", dispatch_uid="access")
        post_delete.connect(signals.when_room_deleted, sender="rooms.Room", dispatch_uid="access")
