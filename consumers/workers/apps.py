from django.apps import AppConfig


class WorkersConfig(AppConfig):
    """An app for its runworker command, which replaces the command of Channels."""

    name = "consumers.workers"
    label = "workers"
