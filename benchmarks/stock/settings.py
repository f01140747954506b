"""Settings of the Channels tutorial's chat, with three changes without which it dies or drops messages under load."""

import os
from pathlib import Path

FOLDER = Path(os.environ["BENCHMARK_FOLDER"])

SECRET_KEY = "of a benchmark on this machine, and nothing else"  # noqa: S105
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "benchmarks.stock.urls"
ASGI_APPLICATION = "benchmarks.stock.asgi.application"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "stock.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            "hosts": [
                {
                    "address": f"unix://{FOLDER / 'redis.sock'}",
                    # Not the tutorial's. redis-py's default of 5 s equals the layer's blocking time and ends
                    # a consumer in quiet moments; its pool of 100 connections raises when it is empty.
                    "socket_timeout": None,
                    "max_connections": 100_000,
                }
            ],
            # Nor this: with the default of 100 messages, a loaded channel silently drops them.
            "capacity": 1_000_000,
        },
    },
}
