"""System checks: settings under which the layer would lose messages or its listeners."""

from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def listeners_outlive_an_idle_channel(**_: Any) -> list[CheckMessage]:
    """redis-py's default socket_timeout equals the layer's blocking time, and kills every idle listener."""
    found: list[CheckMessage] = []
    layers: dict[str, dict[str, Any]] = settings.CHANNEL_LAYERS
    for alias, config in layers.items():
        blocking = getattr(type(get_channel_layer(alias)), "brpop_timeout", 0)
        for host in config.get("CONFIG", {}).get("hosts", []):
            timeout = host.get("socket_timeout", 5) if isinstance(host, dict) else 5
            if timeout is not None and timeout <= max(blocking, 5):
                found.append(
                    Error(
                        f"Channel layer {alias!r} reads with socket_timeout={timeout}: idle listeners will die.",
                        hint="Give the host as a dict with a socket_timeout well above 5 seconds (30 is good).",
                        id="signalbox.E001",
                    )
                )
    return found
