"""System checks for settings that would make the layer lose messages or listeners."""

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict, cast

from channels.layers import get_channel_layer
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

REDIS_PY_TIMEOUT_SECONDS = 5.0  # redis-py's default socket_timeout


class _Options(TypedDict, total=False):
    hosts: list[str | Mapping[str, Any]]


class _Layer(TypedDict, total=False):
    CONFIG: _Options


@register()
def listeners_outlive_an_idle_channel(**_: Any) -> list[CheckMessage]:
    """Report timeouts that kill idle listeners: redis-py's default socket_timeout equals the layer's blocking time."""
    return [
        Error(
            f"Channel layer {alias!r} reads with socket_timeout={timeout}: idle listeners will die.",
            hint="Give the host as a dict with a socket_timeout well above 5 seconds (30 is good).",
            id="signalbox.E001",
        )
        for alias, layer in cast(Mapping[str, _Layer], settings.CHANNEL_LAYERS).items()
        for timeout in _timeouts(layer)
        if timeout is not None and timeout <= max(_blocking_seconds(alias), REDIS_PY_TIMEOUT_SECONDS)
    ]


def _timeouts(layer: _Layer) -> Iterator[float | None]:
    """Yield the socket_timeout of each host, in seconds. None: redis-py waits forever."""
    for host in layer.get("CONFIG", {}).get("hosts", []):
        yield (
            REDIS_PY_TIMEOUT_SECONDS if isinstance(host, str) else host.get("socket_timeout", REDIS_PY_TIMEOUT_SECONDS)
        )


def _blocking_seconds(alias: str) -> float:
    return float(getattr(type(get_channel_layer(alias)), "brpop_timeout", 0))
