"""The WSGI application for uwsgi: pages, admin, REST."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")

from proj.team_code.loading import setup

setup()  # before Django's own call: a team's broken code must not keep pages from being served
application = get_wsgi_application()

from proj.site.templates import load_all  # noqa: E402 - it needs the settings

load_all()
