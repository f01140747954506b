"""The app of Channels 1.x code. It is installed only where a routing is named."""

from django.apps import AppConfig

from channels_legacy.binding.base import BindingMetaclass


class ChannelsConfig(AppConfig):
    """Registers the bindings when all models are loaded."""

    name = "channels_legacy"
    verbose_name = "Channels 1.x"

    def ready(self) -> None:
        BindingMetaclass.register_all()
