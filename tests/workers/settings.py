"""The project's settings with the test consumers' routing."""

import os

from proj.layer.redis.work_layer import WorkLayer
from proj.settings import *  # noqa: F403

ASGI_APPLICATION = "tests.workers.routing.application"
WorkLayer.brpop_timeout = int(os.environ.get("BLOCKING", WorkLayer.brpop_timeout))  # seconds
