"""Test cases with a layer in memory, a client of named channels, and routes for one test."""

import copy
import functools
import secrets
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any
from unittest import TestResult

from django.db import close_old_connections
from django.test import TestCase, TransactionTestCase

from channels_legacy.asgi import DEFAULT_CHANNEL_LAYER, ChannelLayerWrapper, channel_layers
from channels_legacy.channel import Group
from channels_legacy.exceptions import ChannelSocketException
from channels_legacy.layers.memory import InMemoryLayer
from channels_legacy.layers.protocol import Content
from channels_legacy.message import Message
from channels_legacy.routing import Router, Routing, include
from channels_legacy.signals import consumer_finished, consumer_started

if TYPE_CHECKING:
    _TestCase = TestCase
else:
    _TestCase = object


def next_message(channel: str, alias: str) -> Message | None:
    """Return the next message that waits on a channel of a layer, or None."""
    layer = channel_layers[alias]
    name, content = layer.receive_many([channel])
    return None if name is None else Message(content, name, layer)


class ChannelTestCaseMixin(_TestCase):
    """Puts an empty layer in memory under each of `test_channel_aliases` for the duration of a test."""

    test_channel_aliases: Sequence[str] = (DEFAULT_CHANNEL_LAYER,)

    def run(self, result: TestResult | None = None) -> TestResult | None:
        former = {alias: channel_layers.set(alias, _in_memory(alias)) for alias in self.test_channel_aliases}
        try:
            return super().run(result)
        finally:
            for alias, layer in former.items():
                channel_layers.set(alias, layer)

    def get_next_message(
        self, channel: str, alias: str = DEFAULT_CHANNEL_LAYER, require: bool = False
    ) -> Message | None:
        """Return the next message that was sent to a channel, or None. With `require` the test fails instead."""
        message = next_message(channel, alias)
        if message is None and require:
            self.fail(f"no message was sent to the channel {channel}")
        return message


def _in_memory(alias: str) -> ChannelLayerWrapper:
    """Return an empty layer in memory, with the routing of the layer whose place it takes."""
    present = channel_layers.backends.get(alias)
    if present is None:
        return channel_layers.make_test_backend(alias)
    routing = present.routing
    return ChannelLayerWrapper(InMemoryLayer(), alias, list(routing) if isinstance(routing, list | tuple) else routing)


class ChannelTestCase(ChannelTestCaseMixin, TestCase):
    """A TestCase with a layer in memory: each test in a transaction that is rolled back."""


class TransactionChannelTestCase(ChannelTestCaseMixin, TransactionTestCase):
    """A TransactionTestCase with a layer in memory: tests may commit."""


class Client:
    """A socket's side of a test: it sends messages to channels, runs their consumers and receives the replies."""

    def __init__(self, alias: str = DEFAULT_CHANNEL_LAYER) -> None:
        self.alias = alias
        self.reply_channel = f"websocket.send.{alias}!{secrets.token_hex(6)}"

    @property
    def channel_layer(self) -> ChannelLayerWrapper:
        """Return the layer of the test."""
        return channel_layers[self.alias]

    def get_next_message(self, channel: str) -> Message | None:
        """Return the next message that waits on a channel, or None."""
        return next_message(channel, self.alias)

    def get_consumer_by_channel(self, channel: str) -> Callable[..., Any] | None:
        """Return the consumer for a message on a channel, or None."""
        match = self.channel_layer.router.match(Message({"text": ""}, channel, self.channel_layer))
        return match[0] if match else None

    def send(self, to: str, content: Mapping[str, Any] | None = None) -> None:
        """Send a message to a channel, in the name of this client."""
        self.channel_layer.send(to, {"reply_channel": self.reply_channel, **copy.deepcopy(dict(content or {}))})

    def consume(self, channel: str, fail_on_none: bool = True) -> Any:
        """Run the consumer of the next message on a channel, and return its result.

        Exceptions of the consumer come through, but those that close the socket do so. Without a message or a
        consumer AssertionError is raised, or None returned when `fail_on_none` is False.
        """
        message = self.get_next_message(channel)
        match = self.channel_layer.router.match(message) if message else None
        if message is None or match is None:
            if fail_on_none:
                lacking = f"consumer for the message on {channel}" if message else f"message on the channel {channel}"
                raise AssertionError(f"there is no {lacking}")
            return None
        consumer, arguments = match
        try:
            consumer_started.send(sender=type(self), environ={})
            return consumer(message, **arguments)
        except ChannelSocketException as error:
            error.run(message)
        finally:
            self._finish()

    def _finish(self) -> None:
        """Send the replies of a consumer, and leave the connections of the test open."""
        consumer_finished.disconnect(close_old_connections)
        try:
            consumer_finished.send(sender=type(self))
        finally:
            consumer_finished.connect(close_old_connections)

    def send_and_consume(
        self, channel: str, content: Mapping[str, Any] | None = None, fail_on_none: bool = True
    ) -> Any:
        """Send a message, and run its consumer."""
        self.send(channel, content)
        return self.consume(channel, fail_on_none=fail_on_none)

    def receive(self) -> Content | None:
        """Return the content of the next reply, or None."""
        message = self.get_next_message(self.reply_channel)
        return message.content if message else None

    def join_group(self, group_name: str) -> None:
        """Add this client to a group."""
        Group(group_name, alias=self.alias).add(self.reply_channel)


class apply_routes:  # noqa: N801  # 1.x's name
    """Other routes for a test: a decorator of functions and test cases, and a context manager.

    `routes` is a routing, one route, or a list of routings.
    """

    def __init__(self, routes: Any, aliases: Sequence[str] = (DEFAULT_CHANNEL_LAYER,)) -> None:
        self.routes = routes
        self._aliases = aliases
        self._former: list[list[tuple[ChannelLayerWrapper, Routing, Router]]] = []

    def enter(self) -> None:
        """Apply the routes to the layers."""
        routing = self._routing()
        former = []
        for layer in [channel_layers[alias] for alias in self._aliases]:
            former.append((layer, layer.routing, layer.router))
            layer.routing, layer.router = routing, Router(routing)
        self._former.append(former)

    def _routing(self) -> Any:
        if isinstance(self.routes, list | tuple):
            return [include(list(one)) if isinstance(one, list | tuple) else one for one in self.routes]
        return self.routes if isinstance(self.routes, str | Mapping) else [self.routes]

    def exit(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> None:
        """Put the former routes back."""
        for layer, routing, router in self._former.pop():
            layer.routing, layer.router = routing, router

    __enter__ = enter
    __exit__ = exit

    def __call__(self, decorated: Any) -> Any:
        if not isinstance(decorated, type):

            @functools.wraps(decorated)
            def inner(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return decorated(*args, **kwargs)

            return inner
        set_up = decorated.setUp  # type: ignore[attr-defined]

        def routed_set_up(case: Any) -> None:
            self.enter()
            case.addCleanup(self.exit)
            set_up(case)

        decorated.setUp = routed_set_up  # type: ignore[attr-defined]
        return decorated
