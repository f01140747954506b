"""The bindings of a routing are registered in every process that may change rows."""

import pytest
from django.test import override_settings

import channels_legacy
from channels_legacy.apps import ChannelsConfig
from channels_legacy.asgi import ChannelLayerWrapper, channel_layers
from channels_legacy.binding import base
from channels_legacy.layers.memory import InMemoryLayer
from channels_legacy.routing import Routing

faulty = 7


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list in which each registering of all bindings is noted."""
    found: list[str] = []
    monkeypatch.setattr(base.BindingMetaclass, "register_all", lambda: found.append("all"))
    return found


def become_ready(monkeypatch: pytest.MonkeyPatch, routing: Routing) -> None:
    monkeypatch.setitem(channel_layers.backends, "default", ChannelLayerWrapper(InMemoryLayer(), "default", routing))
    with override_settings(CHANNEL_ROUTING="a.routing"):
        ChannelsConfig("channels_legacy", channels_legacy).ready()


def test_all_bindings_are_registered_after_the_routing_was_imported(
    monkeypatch: pytest.MonkeyPatch, registered: list[str]
) -> None:
    become_ready(monkeypatch, "deploy.examples.channels1.tutorial_chat.missing")
    assert registered == []
    become_ready(monkeypatch, "tests.sockets.team.routing.channel_routing")
    assert registered == ["all"]


def test_a_faulty_routing_is_logged_and_ends_no_process(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    become_ready(monkeypatch, f"{__name__}.faulty")
    assert "changes of rows in this process reach no sockets: the routing" in caplog.text


def test_a_process_without_a_routing_registers_nothing(registered: list[str]) -> None:
    ChannelsConfig("channels_legacy", channels_legacy).ready()
    assert registered == []
