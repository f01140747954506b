"""The composition root: socket URLs for the interface processes, channel names for the workers."""

import os
import re

import django
from channels.routing import ChannelNameRouter, ProtocolTypeRouter, URLRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.urls import URLPattern, path, re_path  # noqa: E402

from consumers.sockets.chat import ChatSocket  # noqa: E402
from consumers.sockets.me import MySocket  # noqa: E402
from consumers.sockets.not_found import NoSuchSocket  # noqa: E402
from consumers.sockets.runs import RunSocket, ServiceSocket  # noqa: E402
from consumers.workers.chat import ChatWorker  # noqa: E402
from consumers.workers.runs import RunsWorker  # noqa: E402
from proj.layer import names  # noqa: E402


def channels1_routes() -> list[URLPattern]:
    """Return the paths of Channels 1.x code. Without such code nothing of it is loaded."""
    if not settings.CHANNEL_ROUTING:
        return []
    from consumers.sockets.legacy import LegacySocket

    socket = LegacySocket.as_asgi()
    return [re_path("^" + re.escape(prefix.lstrip("/")), socket) for prefix in settings.CHANNEL_PATHS]


application = ProtocolTypeRouter(
    {
        "websocket": URLRouter(
            [
                *channels1_routes(),
                path("ws/chat/<str:room>/", ChatSocket.as_asgi()),
                path("ws/me/", MySocket.as_asgi()),
                path("ws/runs/<uuid:id>/", RunSocket.as_asgi()),
                path("ws/deploy/<slug:uid>/", ServiceSocket.as_asgi()),
                path("<path:path>", NoSuchSocket.as_asgi()),
            ]
        ),
        "channel": ChannelNameRouter(
            {
                names.CHAT_CHANNEL: ChatWorker.as_asgi(),
                names.RUNS_CHANNEL: RunsWorker.as_asgi(),
            }
        ),
    }
)
