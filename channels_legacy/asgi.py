"""The layers of a process by their aliases. A layer is made when a team's code first needs it."""

import threading
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from channels_legacy.exceptions import InvalidChannelLayerError
from channels_legacy.layers.memory import InMemoryLayer
from channels_legacy.layers.protocol import Layer
from channels_legacy.routing import Router, Routing
from channels_legacy.support.naming import dotted_name

__all__ = [
    "DEFAULT_CHANNEL_LAYER",
    "ChannelLayerManager",
    "ChannelLayerWrapper",
    "InvalidChannelLayerError",
    "channel_layers",
    "get_channel_layer",
]

DEFAULT_CHANNEL_LAYER = "default"


class ChannelLayerWrapper:
    """A layer with its alias and its routing; all other attributes are those of the layer.

    The router is made when it is first needed, because a process that only sends imports no consumers.
    """

    def __init__(self, channel_layer: Layer, alias: str, routing: Routing) -> None:
        self.channel_layer = channel_layer
        self.alias = alias
        self.routing = routing
        self._router: Router | None = None

    @property
    def router(self) -> Router:
        """Return the Router of the routing. Raise ImproperlyConfigured when the routing is none."""
        if self._router is None:
            self._router = Router(self.routing)
        return self._router

    @router.setter
    def router(self, router: Router) -> None:
        self._router = router

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self.channel_layer, name)
        except AttributeError:
            raise AttributeError(
                f"the layer {self} has no {name}: it has send, send_group, group_add, group_discard, group_channels, "
                "new_channel, receive_many and flush"
            ) from None

    def __str__(self) -> str:
        return f"{self.alias} ({dotted_name(self.channel_layer)})"

    def local_only(self) -> bool:
        """Return whether the layer ends with this process."""
        return isinstance(self.channel_layer, InMemoryLayer)


class ChannelLayerManager:
    """The layers of this process: `channel_layers["default"]`."""

    def __init__(self) -> None:
        self.backends: dict[str, ChannelLayerWrapper] = {}
        self._lock = threading.RLock()

    def make_backend(self, name: str) -> ChannelLayerWrapper:
        """Return a new layer as the settings configure it. Raise InvalidChannelLayerError when they do not."""
        factory = getattr(settings, "CHANNEL_LAYER_CLASS", "")
        if name not in self or not factory:
            raise InvalidChannelLayerError(
                f"there is no layer {name!r} for Channels 1.x code: name the routing in SIGNALBOX_CHANNEL_ROUTING; "
                f"tests use channels_legacy.test, or set CHANNEL_LAYER_CLASS to {dotted_name(InMemoryLayer)}"
            )
        try:
            layer = import_string(factory)()
        except ImportError as error:
            raise InvalidChannelLayerError(f"cannot import CHANNEL_LAYER_CLASS {factory!r}: {error}") from error
        return ChannelLayerWrapper(layer, name, getattr(settings, "CHANNEL_ROUTING", "") or [])

    def make_test_backend(self, name: str) -> ChannelLayerWrapper:
        """Return a new layer in memory, with the routing of the settings, and TEST_CONFIG if CHANNEL_LAYERS has it."""
        config = getattr(settings, "CHANNEL_LAYERS", {}).get(name, {}).get("TEST_CONFIG", {})
        return ChannelLayerWrapper(InMemoryLayer(**config), name, getattr(settings, "CHANNEL_ROUTING", "") or [])

    def __getitem__(self, key: str) -> ChannelLayerWrapper:
        with self._lock:
            if key not in self.backends:
                self.backends[key] = self.make_backend(key)
            return self.backends[key]

    def __contains__(self, key: str) -> bool:
        return key == DEFAULT_CHANNEL_LAYER or key in self.backends

    def set(self, key: str, layer: ChannelLayerWrapper | None) -> ChannelLayerWrapper | None:
        """Put a layer under this alias, None to make it anew; return the one that stood there, or None."""
        with self._lock:
            former = self.backends.pop(key, None)
            if layer is not None:
                self.backends[key] = layer
        return former


def get_channel_layer(alias: str = DEFAULT_CHANNEL_LAYER) -> Layer:
    """Return the bare layer of this alias."""
    return channel_layers[alias].channel_layer


channel_layers = ChannelLayerManager()
