"""The scenarios by name, as the load client reads them (see client/scenes.py)."""

from typing import Any

PEOPLE = 200  # with a session; further sockets are further tabs of the same people
ROOMS = 100

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
}


def room_name(number: int) -> str:
    return f"bench-{number}"
