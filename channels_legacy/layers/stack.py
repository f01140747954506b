"""The layer of the running stack: acts go to the interface processes, messages of own channels to the workers.

In a worker the acts of one turn are recorded and leave with the turn's answer. Everywhere else (views, models,
commands, threads that a consumer started) each act is published at once, or after the commit of its transaction.
"""

import fnmatch
import json
import logging
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol

from django.conf import settings

from channels_legacy.layers.delayed import DELAY_CHANNEL, keep_until_due
from channels_legacy.layers.protocol import ChannelFull, MessageTooLarge
from proj.layer import loop
from proj.layer.messages import EMPTY_CONTENT, ChannelAct, Turn, TurnAnswer, TurnAnswers, packed
from proj.layer.names import REPLY_PREFIX, socket_of
from proj.layer.publish import REDIS_TIMEOUT_SECONDS, publish
from proj.layer.turns import ANSWER_SECONDS, ask, enqueue

logger = logging.getLogger(__name__)

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

    def memberships(self, group: str) -> Mapping[str, bool]:
        """Return the channels that the turn has added to the group (true) or discarded."""


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
    MessageTooLarge: ClassVar[type[Exception]] = MessageTooLarge

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
        """Return the sockets of a group. Raise redis' errors, and TimeoutError when an interface process is silent."""
        names = dict.fromkeys(_ask("members", group))
        if (recorder := _thread.recorder) is not None:
            names |= dict.fromkeys(channel for channel, joined in recorder.memberships(group).items() if joined)
            return [name for name in names if recorder.memberships(group).get(name, True)]
        return list(names)

    def receive_many(self, channels: Iterable[str], block: bool = False) -> tuple[None, None]:
        """Raise NotImplementedError: the workers of a stack take whole turns."""
        raise NotImplementedError(
            f"cannot receive from {', '.join(channels)}: the workers of a stack take the messages; "
            "route a consumer, or use the layer in memory in tests (channels_legacy.test)"
        )

    receive = receive_many

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

    def find_session(self, reply_channel: str) -> Session:
        """Return the session of any socket; of another one than this turn's, its interface process is asked.

        Raise redis' errors, and TimeoutError when an interface process is silent.
        """
        if (recorder := _thread.recorder) is not None and recorder.name == reply_channel:
            return recorder.session()
        if not is_socket(reply_channel):
            return {}
        found = [text for text in _ask("session", reply_channel) if text]
        return json.loads(found[0]) if found else {}

    def replace_session(self, reply_channel: str, data: Mapping[str, Any]) -> None:
        """Replace the session of any socket. A change that the socket's own turn makes at this time wins."""
        if (recorder := _thread.recorder) is not None and recorder.name == reply_channel:
            recorder.save_session(data)
        elif is_socket(reply_channel):
            _do(ChannelAct("session", reply_channel, content=packed(json.dumps(data))))

    def end_session(self, reply_channel: str) -> None:
        """Empty the session of this turn's socket."""
        self.save_session(reply_channel, {})

    def flush(self) -> None:
        """Do nothing, with a line in the log: groups and sessions belong to the open sockets."""
        logger.warning("flush() does nothing: groups and sessions belong to open sockets, and turns to the workers")


def _ask(verb: str, name: str) -> list[str]:
    return loop.run(ask(verb, name), ANSWER_SECONDS + REDIS_TIMEOUT_SECONDS)


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
