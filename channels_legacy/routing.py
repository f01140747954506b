"""Routes from channels to consumers, with the meaning that they have in Channels 1.x."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, Self, TypeAlias, runtime_checkable

from django.core.exceptions import ImproperlyConfigured

from channels_legacy.handler import ViewConsumer
from channels_legacy.support.naming import dotted_name, import_named

Consumer: TypeAlias = Callable[..., Any]
Match: TypeAlias = tuple[Consumer, dict[str, str]]


class Named(Protocol):
    """An object with a name: a channel."""

    name: str


class Message(Protocol):
    """A message, as far as routes look at it. The module of messages imports this one, through the layers."""

    @property
    def channel(self) -> Named:
        """Return the channel that the message came on."""

    @property
    def reply_channel(self) -> Any:
        """Return the channel of the socket, or None."""

    def get(self, key: str) -> Any:
        """Return a value of the content, or None."""

    def replaced(self, values: Mapping[str, str]) -> Self:
        """Return a message with some values of the content replaced."""


@runtime_checkable
class Routable(Protocol):
    """An entry of a routing: a route, an include, or any object with these two methods."""

    def match(self, message: Any, /) -> Match | None:
        """Return the consumer of the message with its keyword arguments, or None."""

    def channel_names(self) -> Iterable[str]:
        """Return the channels that this entry listens on."""


Routing: TypeAlias = str | Mapping[Any, Consumer | str] | Sequence[Routable]


class Router:
    """A whole routing: `match` finds the consumer of a message, `channels` are all channels with a route."""

    def __init__(self, routing: Routing) -> None:
        self.root = Include(routing)
        self.channels = self.root.channel_names()

    def add_route(self, route: Routable) -> None:
        """Add a route behind all others."""
        self.root.routing.append(_checked(route, "the added route"))
        self.channels = self.root.channel_names()

    def match(self, message: Message) -> Match | None:
        """Return the consumer of the first route that fits, with its keyword arguments, or None."""
        return self.root.match(message)

    def check_default(self, http_consumer: Consumer | None = None) -> None:
        """Add the routes that take the messages which nothing else takes."""
        self.add_route(Route("http.request", http_consumer or ViewConsumer()))
        self.add_route(Route("websocket.connect", connect_consumer))
        self.add_route(Route("websocket.receive", null_consumer))
        self.add_route(Route("websocket.disconnect", null_consumer))


class Route:
    """One consumer, the channels it listens on, and the regular expressions that a message's content must match."""

    def __init__(self, channels: str | bytes | Iterable[str | bytes], consumer: Consumer | str, **filters: Any) -> None:
        names = [channels] if isinstance(channels, str | bytes) else channels
        self.channels = [_text(name) for name in names]
        self.consumer = _consumer(consumer)
        place = f"the route {'/'.join(map(str, self.channels))} -> {dotted_name(self.consumer)}"
        self.filters = {name: _compiled(pattern, name, place) for name, pattern in filters.items()}
        for name, pattern in self.filters.items():
            if pattern.groups != len(pattern.groupindex):
                raise ValueError(f"{place}: the filter {name} has positional groups; only named groups are allowed")

    def match(self, message: Message) -> Match | None:
        """Return the consumer with the named groups of all filters, or None when the message does not fit."""
        if message.channel.name not in self.channels:
            return None
        found: dict[str, str] = {}
        for name, pattern in self.filters.items():
            matched = _matched(pattern, name, message)
            if matched is None:
                return None
            found |= matched.groupdict()
        return self.consumer, found

    def channel_names(self) -> set[str]:
        """Return the channels of this route."""
        return set(self.channels)

    def __str__(self) -> str:
        filters = ", ".join(f"{name}={pattern.pattern}" for name, pattern in self.filters.items())
        return f"{'/'.join(self.channels)} {f'({filters})' if filters else ''} -> {dotted_name(self.consumer)}"


class RouteClass(Route):
    """A route to a class consumer, which names its channels itself."""

    def __init__(self, consumer: Consumer | str, **filters: Any) -> None:
        consumer = _consumer(consumer)
        names = getattr(consumer, "channel_names", None)
        if not callable(names):
            raise ValueError(f"route_class needs a consumer with channel_names(), {dotted_name(consumer)} has none")
        super().__init__(names(), consumer, **filters)


class Include:
    """Another routing, for messages whose content matches the prefixes. Its routes see the rest behind each prefix."""

    def __init__(self, routing: Routing, **prefixes: Any) -> None:
        self.routing = resolve_routing(routing)
        place = f"include({routing!r})" if isinstance(routing, str) else "an include"
        self.prefixes = {name: _compiled(pattern, name, place) for name, pattern in prefixes.items()}

    def match(self, message: Message) -> Match | None:
        """Return the match of the first entry that fits; named groups of the prefixes are among the arguments."""
        found: dict[str, str] = {}
        rest: dict[str, str] = {}
        for name, prefix in self.prefixes.items():
            matched = _matched(prefix, name, message)
            if matched is None:
                return None
            found |= matched.groupdict()
            rest[name] = matched.string[matched.end() :]
        if rest:
            message = message.replaced(rest)
        for entry in self.routing:
            match = entry.match(message)
            if match is not None:
                return match[0], found | match[1]
        return None

    def channel_names(self) -> set[str]:
        """Return the channels of all entries."""
        return {name for entry in self.routing for name in entry.channel_names()}


def null_consumer(*args: object, **kwargs: object) -> None:
    """Take a message and do nothing."""


def connect_consumer(message: Message, *args: object, **kwargs: object) -> None:  # noqa: ARG001 - of any route
    """Accept the socket of a websocket.connect."""
    if message.reply_channel is not None:
        message.reply_channel.send({"accept": True})


def resolve_routing(routing: Routing) -> list[Routable]:
    """Return the entries of a routing. Raise ImproperlyConfigured when it cannot be imported or is no routing."""
    named = f"the routing {routing!r}" if isinstance(routing, str) else "the routing"
    found: object = import_named(routing, "routing") if isinstance(routing, str) else routing
    if isinstance(found, Mapping):
        return [Route(channel, consumer) for channel, consumer in found.items()]
    if not isinstance(found, Iterable) or isinstance(found, str | bytes):
        raise ImproperlyConfigured(f"{named} must be a list or a dict, not {type(found).__name__}")
    return [_checked(entry, f"entry {number} of {named}") for number, entry in enumerate(found, 1)]


def _checked(entry: object, place: str) -> Routable:
    if not isinstance(entry, Routable):
        raise ImproperlyConfigured(
            f"{place} is of type {type(entry).__name__}; it must be made by route(), route_class() or include()"
        )
    return entry


def _consumer(consumer: Consumer | str) -> Consumer:
    found: object = import_named(consumer, "consumer") if isinstance(consumer, str) else consumer
    if not callable(found):
        raise ImproperlyConfigured(f"the consumer {consumer!r} cannot be called")
    return found


def _text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _compiled(pattern: Any, name: str, place: str) -> re.Pattern[str]:
    try:
        compiled: re.Pattern[str] = re.compile(_text(pattern))
    except (re.error, TypeError) as error:
        raise ImproperlyConfigured(f"{place}: {name}={pattern!r} is no regular expression: {error}") from error
    return compiled


def _matched(pattern: re.Pattern[str], name: str, message: Message) -> re.Match[str] | None:
    value = _text(message.get(name))
    return pattern.match(value) if isinstance(value, str) else None


# 1.x's names, in the manner of urls.py
route = Route
route_class = RouteClass
include = Include
