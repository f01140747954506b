from django.apps import AppConfig


class InterfaceConfig(AppConfig):
    """Here for its runserver command, which serves sockets as the interface processes do."""

    name = "consumers.interface"
    label = "interface"
