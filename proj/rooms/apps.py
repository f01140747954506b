from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "proj.rooms"
    label = "rooms"
