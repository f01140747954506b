"""The scenarios by name, as the load client reads them (see client/scenes.py)."""

from typing import Any

PEOPLE = 200  # with a session; further sockets are further tabs of the same people
ROOMS = 100

CHANNELS1_ROUTING = "benchmarks.channels1.routing.channel_routing"
# The scenarios of Channels 1.x code have more keys: `routing`; `protocol`, in place of the system's; `systems`, the
# only ones that can run it; `beside`, the scenario of the chat that is the base of ratios; `channels1_us`, the CPU of
# Channels 1.x itself for the same; `channels1`, a sentence about it. 1.x was measured elsewhere.
CHANNELS1: dict[str, Any] = {"routing": CHANNELS1_ROUTING, "systems": ["signalbox"], "beside": "room"}
CHANNELS1_PACKAGES = "Channels 1.x itself, measured elsewhere (daphne 1.4.2, asgi_redis 1.4.3)"
ECHO: dict[str, Any] = {
    **CHANNELS1,
    "scene": "steady",
    "table": "channels1",
    "members": 100,
    "per_room": 1,
    "senders": 100,
    "window": 1,
    "warm": 2.0,
    "seconds": 10.0,
}

SCENARIOS: dict[str, dict[str, Any]] = {
    "room": {
        "title": "One room of 200 members, 10 messages a second",
        "scene": "steady",
        "members": 200,
        "per_room": 200,
        "senders": 2,
        "rate": 10.0,
        "warm": 2.0,
        "seconds": 10.0,
    },
    "flat-out": {
        "title": "One room of 200 members, 16 messages always in flight",
        "scene": "steady",
        "members": 200,
        "per_room": 200,
        "senders": 2,
        "window": 8,
        "warm": 2.0,
        "seconds": 10.0,
    },
    "pairs": {
        "title": "100 rooms of two, 400 messages a second",
        "scene": "steady",
        "members": 200,
        "per_room": 2,
        "senders": 200,
        "rate": 400.0,
        "warm": 2.0,
        "seconds": 10.0,
    },
    "idle": {
        "title": "5,000 sockets that say nothing, 50 to a room",
        "scene": "idle",
        "members": 5000,
        "per_room": 50,
        "at_once": 40,
    },
    "return": {
        "title": "1,000 clients, and kill -9 of an interface process",
        "scene": "return",
        "members": 1000,
        "per_room": 50,
        "at_once": 40,
    },
    "deaf": {
        "title": "1 MB/s to a room of 20, with one client that never reads and one that sends and never reads",
        "scene": "deaf",
        "members": 20,
        "per_room": 20,
        "senders": 4,
        "rate": 140.0,
        "size": 7500,
        "warm": 3.0,
        "seconds": 30.0,
    },
    "flood": {
        "title": "40 messages a second to a room of 50, and a client that sends 100,000 frames as fast as it can",
        "scene": "flood",
        "members": 50,
        "per_room": 50,
        "senders": 5,
        "rate": 40.0,
        "warm": 2.0,
        "seconds": 10.0,
        "frames": 100_000,
        "limited": True,  # Signalbox with its default rate limit, which is its answer to a flood
    },
    "channels1-echo": {
        **ECHO,
        "title": "Channels 1.x code: an echo, 100 sockets with one message in flight each",
        "protocol": "channels1-echo",
        "channels1_us": 1670,
        "channels1": "1,670 µs of CPU per message with 50 sockets; with one, 3,000 µs and 52 ms to the answer",
    },
    "channels1-session": {
        **ECHO,
        "title": "The same with a `channel_session`, read and written at every message",
        "protocol": "channels1-session",
        "channels1_us": 2590,
        "channels1": "2,590 µs of CPU per message with 50 sockets",
    },
    "channels1-group": {
        **CHANNELS1,
        "title": "Channels 1.x code: one group of 200 sockets, 10 messages a second",
        "protocol": "channels1-group",
        "scene": "steady",
        "table": "channels1",
        "members": 200,
        "per_room": 200,
        "senders": 2,
        "rate": 10.0,
        "warm": 2.0,
        "seconds": 10.0,
        "channels1_us": 739,
        "channels1": "739 µs of CPU per delivery in a group of 200, and 27 % of the deliveries lost",
    },
    "channels1-idle": {
        **CHANNELS1,
        "title": "Channels 1.x code: 5,000 sockets that say nothing, 50 to a group, each with a session",
        "protocol": "channels1-group",
        "scene": "idle",
        "beside": "idle",
        "members": 5000,
        "per_room": 50,
        "at_once": 40,
    },
}


def room_name(number: int) -> str:
    return f"bench-{number}"
