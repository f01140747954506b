"""The project's settings with the test consumers' routing."""

from proj.settings import *  # noqa: F403

ASGI_APPLICATION = "tests.workers.routing.application"
