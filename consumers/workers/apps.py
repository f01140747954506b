from django.apps import AppConfig


class WorkersConfig(AppConfig):
    """Here for its runworker command, which takes the place of the one that Channels brings."""

    name = "consumers.workers"
    label = "workers"
