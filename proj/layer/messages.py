"""The typed messages that may go over the layer, checked before they leave.

A listener that meets a message it cannot read dies or skips it, far from who sent it; so it is refused here.
"""

from collections.abc import Mapping
from typing import Any

LARGEST = 2**20  # bytes of a serialized message

# type -> its fields. `room.*`, `run.*` and `socket.*` go to groups (frames), the rest to named channels.
TYPES: dict[str, dict[str, type]] = {
    # events of one room as finished frames: [[seq, text], ...], in order; and, where they are known, the wall-clock
    # seconds at which the oldest was received (or 0) and all were committed
    "room.frames": {"room": int, "frames": list, "times": list},
    # a frame that is true now and not kept
    "room.flash": {"room": int, "frame": str},
    # who has the room open in one interface process; `ask` wants the others' answer
    "room.presence": {"room": int, "process": str, "here": list, "ask": bool},
    # what people hear of rooms that they have not opened: [[room, ids of who may know or null for everybody,
    # [[seq, author, names mentioned], ...], whether there are more], ...]; and [[person, room, seq read up to], ...]
    "rooms.news": {"rooms": list, "read": list},
    # frames for single sockets of one interface process: [[socket, text], ...]
    "socket.replies": {"replies": list},
    # what this person may do has changed: look at their sockets again
    "access.changed": {"user": int},
    # commands for rooms' logs, each [socket to answer, packed command], and the wall-clock seconds of their arrival
    "chat.batch": {"process": str, "items": list, "received": list},
    # new output of a run: [[seq, offset, end, line, text], ...] in order, or nothing when it is too much to carry; it
    # is stored up to the chunk `head` and to `bytes` bytes
    "run.output": {"run": str, "head": int, "bytes": int, "chunks": list},
    # a run's state, progress or counts are others; `room` is 0 when no room hears of it
    "run.state": {"run": str, "service": int, "room": int, "state": dict},
    # a line for who has the service open, kept nowhere
    "service.line": {"service": str, "text": str},
    # runs may wait for a worker
    "runs.wake": {},
    # this run is to be ended
    "runs.cancel": {"run": str},
    # for the doctor
    "doctor.probe": {"probe": str},
}


class BadMessage(ValueError):
    """The message is of no known type, or lacks a field, or a field has the wrong type."""


class MessageTooLarge(BadMessage):
    """The message is larger than the layer carries."""


def checked(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return `message` as a dict if it is one of TYPES; raise BadMessage otherwise."""
    fields = TYPES.get(message.get("type", ""))
    if fields is None:
        raise BadMessage(f"unknown message type {message.get('type')!r}")
    for name, kind in fields.items():
        if not isinstance(message.get(name), kind):
            raise BadMessage(f"{message['type']}: {name} must be {kind.__name__}")
    strange = [key for key in message if key != "type" and key not in fields]
    if strange:
        raise BadMessage(f"{message['type']}: unknown field {strange[0]!r}")
    return dict(message)
