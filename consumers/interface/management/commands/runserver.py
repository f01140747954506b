"""`manage.py runserver`: pages and sockets in one process, for developers of Signalbox."""

from collections.abc import Mapping
from functools import partial

from channels.routing import ProtocolTypeRouter
from daphne.management.commands.runserver import Command as DaphneCommand
from daphne.management.commands.runserver import get_default_application
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

from consumers.interface.process import close_interface
from consumers.interface.transport.server import Server


class Command(DaphneCommand):
    help = "Serve pages and sockets from one process, with our interface server. Redis and the workers run elsewhere."
    server_cls = staticmethod(partial(Server, finish=close_interface))  # a partial alone is a method on Python 3.14

    def get_application(self, options: Mapping[str, object]) -> ProtocolTypeRouter:
        pages = get_asgi_application()
        if options.get("use_static_handler"):
            pages = ASGIStaticFilesHandler(pages)
        return ProtocolTypeRouter({**get_default_application().application_mapping, "http": pages})
