"""The layer of the running stack: acts go to the interface processes, messages of own channels to the workers.

In a worker the acts of one turn are recorded and leave with the turn's answer. Everywhere else (views, models,
commands, threads that a consumer started) each act is published at once, or after the commit of its transaction.
"""

import fnmatch
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol

from django.conf import settings

from channels_legacy.layers.delayed import DELAY_CHANNEL, keep_until_due
from channels_legacy.layers.protocol import ChannelFull
from proj.layer.messages import EMPTY_CONTENT, ChannelAct, Turn, TurnAnswer, TurnAnswers, packed
from proj.layer.names import REPLY_PREFIX, socket_of
from proj.layer.publish import enqueue, publish

Session = dict[str, Any]


class Recorder(Protocol):
    """The turn that a thread of a worker runs."""

    name: str  # of its socket; empty: none

    def act(self, act: ChannelAct) -> None:
        """Record an act for the turn's answer."""

    def enqueue(self, turn: Turn) -> None:
        """Record a message for an own channel that belongs to no socket."""

    def session(self) -> Session:
        """Return the session of the turn's socket."""

    def save_session(self, data: Mapping[str, Any]) -> None:
        """Replace the session of the turn's socket. Raise ValueError when it is too large."""


class _Thread(threading.local):
    recorder: Recorder | None = None


_thread = _Thread()


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Have the acts of this thread recorded."""
    _thread.recorder = recorder
    try:
        yield
    finally:
        _thread.recorder = None


class StackLayer:
    """The synchronous layer over interface processes and workers."""

    # Part of the interface of Channels 1.x. Nothing is dropped here for a full channel, so it is never raised.
    ChannelFull: ClassVar[type[Exception]] = ChannelFull

    extensions = ("groups",)

    def send(self, channel: str, content: Mapping[str, Any]) -> None:
        """Send to a socket's reply channel, to a channel of the code itself, or later (asgi.delay)."""
        if channel == DELAY_CHANNEL:
            keep_until_due(dict(content))
            return
        if channel.startswith(REPLY_PREFIX):
            _do(ChannelAct("reply", channel, content=packed(content)))
            return
        reply_channel = content.get("reply_channel")
        if isinstance(reply_channel, str) and is_socket(reply_channel) and not is_loose(channel):
            _do(ChannelAct("queue", reply_channel, channel, packed(content)))
            return
        turn = Turn(channel=channel, contents=[packed(content)])
        if (recorder := _thread.recorder) is not None:
            recorder.enqueue(turn)
        else:
            enqueue(turn)

    def send_group(self, group: str, content: Mapping[str, Any]) -> None:
        """Send to all sockets of a group."""
        _do(ChannelAct("group", group, content=packed(content)))

    def group_add(self, group: str, channel: str) -> None:
        """Add a socket to a group; the membership ends with the socket."""
        _do(ChannelAct("add", channel, group, EMPTY_CONTENT))

    def group_discard(self, group: str, channel: str) -> None:
        """Remove a socket from a group."""
        _do(ChannelAct("discard", channel, group, EMPTY_CONTENT))

    def group_channels(self, group: str) -> list[str]:
        """Raise NotImplementedError: the sockets of a group are known to their interface processes only."""
        raise NotImplementedError(f"the sockets of the group {group} are known to their interface processes only")

    def receive_many(self, channels: Iterable[str], block: bool = False) -> tuple[None, None]:
        """Return nothing: the workers of a stack take whole turns."""
        return None, None

    def new_channel(self, pattern: str) -> str:
        """Return a name that begins with `pattern` and was never given before."""
        return f"{pattern}{uuid.uuid4().hex}"

    def session(self, reply_channel: str) -> Session:
        """Return the session of this turn's socket; of another socket an empty one."""
        recorder = _thread.recorder
        return recorder.session() if recorder is not None and recorder.name == reply_channel else {}

    def save_session(self, reply_channel: str, data: Mapping[str, Any]) -> None:
        """Replace the session of this turn's socket. Raise ValueError for another socket."""
        recorder = _thread.recorder
        if recorder is None or recorder.name != reply_channel:
            raise ValueError(f"the session of {reply_channel} can only be saved by a consumer of that socket")
        recorder.save_session(data)

    def end_session(self, reply_channel: str) -> None:
        """Empty the session of this turn's socket."""
        self.save_session(reply_channel, {})

    def flush(self) -> None:
        """Nothing is kept here: groups and sessions belong to the open sockets."""


def _do(act: ChannelAct) -> None:
    if (recorder := _thread.recorder) is not None:
        recorder.act(act)
    else:
        publish(TurnAnswers(answers=[TurnAnswer([act])], process=""))


def is_socket(name: str) -> bool:
    """Return whether `name` is that of a socket."""
    try:
        socket_of(name)
    except ValueError:
        return False
    return True


def is_loose(channel: str) -> bool:
    """Return whether the messages of a channel are never a turn of their socket (SIGNALBOX_CHANNEL_LOOSE)."""
    return any(fnmatch.fnmatchcase(channel, pattern) for pattern in settings.CHANNEL_LOOSE)
