"""The application for uwsgi in the benchmark of pages: that of the checkout, with the static files of the benchmark."""

import os
from pathlib import Path

from django.conf import settings

settings.STATIC_ROOT = Path(os.environ["BENCHMARK_FOLDER"]) / "static"

from proj.wsgi import application  # noqa: E402 - Django reads the setting when it is set up

__all__ = ["application"]
