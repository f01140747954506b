"""The app of Channels 1.x code. It is installed only where a routing is named."""

import logging

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

from channels_legacy.asgi import channel_layers
from channels_legacy.binding.base import BindingMetaclass
from channels_legacy.support.addresses import check_addresses

logger = logging.getLogger(__name__)


class ChannelsConfig(AppConfig):
    """Registers the bindings when all models are loaded, and the check of the sockets' addresses."""

    name = "channels_legacy"
    verbose_name = "Channels 1.x"

    def ready(self) -> None:
        checks.register(check_addresses)
        if settings.CHANNEL_ROUTING:
            self.register_bindings()

    def register_bindings(self) -> None:
        """Import the routing, which leads to the bindings, in web and commands too: rows change in all of them.

        A fault in it is logged, because pages and commands go on without the team's bindings.
        """
        try:
            channel_layers["default"].router  # noqa: B018 - making it imports all routings
            BindingMetaclass.register_all()
        except (Exception, SystemExit) as error:
            logger.error("changes of rows in this process reach no sockets: %s", error)
