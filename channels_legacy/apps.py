"""The app of Channels 1.x code. It is installed only where a routing is named."""

from django.apps import AppConfig
from django.core import checks

from channels_legacy.asgi import channel_layers
from channels_legacy.binding.base import BindingMetaclass
from channels_legacy.support.addresses import check_addresses


class ChannelsConfig(AppConfig):
    """Registers the bindings when all models are loaded, and the check of the sockets' addresses."""

    name = "channels_legacy"
    verbose_name = "Channels 1.x"

    def ready(self) -> None:
        BindingMetaclass.register_all()
        checks.register(check_addresses)

    def import_routing(self) -> None:
        """Import the routing with all that it includes, bindings too. Raise what the team's code raises."""
        channel_layers["default"].router  # noqa: B018 - making it imports them
