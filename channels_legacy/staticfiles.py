"""The names of Channels 1.x for static files, which nginx serves here."""

from channels_legacy.handler import AsgiHandler, ViewConsumer


class StaticFilesHandler(AsgiHandler):
    """1.x's handler of static files. It leaves them to nginx."""


class StaticFilesConsumer(ViewConsumer):
    """1.x's consumer of static files. It can stand in a routing; the workers of a stack do not take its channel."""

    handler_class = StaticFilesHandler
