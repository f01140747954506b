"""The WSGI application for uwsgi: pages, admin, REST."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")

application = get_wsgi_application()

from proj.site.templates import load_all  # noqa: E402 - it needs the settings

load_all()
