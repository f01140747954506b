"""The names of Channels 1.x for static files, which nginx serves here."""

from channels_legacy.handler import AsgiHandler, ViewConsumer


class StaticFilesHandler(AsgiHandler):
    """1.x's handler of static files. It can be made, and answers nothing."""


class StaticFilesConsumer(ViewConsumer):
    """1.x's consumer of static files. It can stand in a routing, and does nothing."""

    handler_class = StaticFilesHandler
