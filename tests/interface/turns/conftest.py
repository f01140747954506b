"""Turns of an interface process on a real Redis; the test is the worker."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest
from channels.layers import get_channel_layer

from consumers.interface.support.tasks import Tasks
from consumers.interface.transport.frame import BinaryFrame, Frame
from consumers.interface.turns.socket import CONNECT, DISCONNECT, RECEIVE, TurnOutlet, TurnSocket
from consumers.interface.turns.turns import Turns
from proj.layer.messages import ChannelAct, Turn, TurnAnswer, TurnAnswers, packed


class Written:
    """A line that keeps what was written."""

    def __init__(self) -> None:
        self.frames: list[str | bytes] = []
        self.code = 0
        self.waiting = 0

    def write(self, frame: Frame) -> None:
        self.frames.append(frame.data if isinstance(frame, BinaryFrame) else frame.text)

    def write_now(self, frames: Sequence[Frame], wire: bytes) -> None:
        for frame in frames:
            self.write(frame)

    def close(self, code: int, reason: str = "") -> None:
        self.code = code


class Worker:
    """Takes turns as a worker does, and answers them."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        layer: Any = get_channel_layer("work")
        self._read = layer.reader(msgspec.msgpack.Decoder(Turn))

    async def take(self, limit: int = 10, channels: Sequence[str] = (CONNECT, RECEIVE, DISCONNECT)) -> list[Turn]:
        """The turns that wait, of one channel at a time as the queue gives them."""
        return [self._read(data) for data in await self.turns.queue.take(list(channels), limit)]

    def answer(self, turn: Turn, *acts: ChannelAct, done: bool = True, **fields: Any) -> None:
        part = fields.pop("part", 1)
        answer = TurnAnswer(list(acts), turn.process, turn.socket, turn.turn, part, done=done, **fields)
        self.turns.deliver_answers(TurnAnswers([answer], turn.process))

    def act(self, *acts: ChannelAct) -> None:
        """Acts of a view in another process."""
        self.turns.deliver_answers(TurnAnswers([TurnAnswer(list(acts))]))


def contents(turn: Turn) -> list[dict[str, Any]]:
    return [msgspec.msgpack.decode(raw) for raw in turn.contents]


def texts(turn: Turn) -> list[str]:
    return [content["text"] for content in contents(turn)]


def reply(socket: TurnSocket, **content: Any) -> ChannelAct:
    return ChannelAct("reply", socket.name, content=packed(content))


def to_group(name: str, **content: Any) -> ChannelAct:
    return ChannelAct("group", name, content=packed(content))


def add(name: str, socket: TurnSocket) -> ChannelAct:
    return ChannelAct("add", socket.name, name)


@pytest.fixture
async def turns(channel_settings: None) -> AsyncIterator[Turns]:
    layer: Any = get_channel_layer("work")
    redis = layer.connection(0)
    for key in await redis.keys(f"{layer.prefix}turns:*"):
        await redis.delete(key)
    tasks = Tasks()
    yield Turns("a" * 32, tasks)
    await tasks.stop()


@pytest.fixture
def channel_settings(settings: Any) -> None:
    settings.CHANNEL_LOST = "skip"
    settings.CHANNEL_ACCEPT = False
    settings.CHANNEL_LOOSE = []


@pytest.fixture
def worker(turns: Turns) -> Worker:
    return Worker(turns)


class Browsers:
    """Opens sockets, and sends frames on them."""

    def __init__(self, turns: Turns, worker: Worker) -> None:
        self.turns, self.worker = turns, worker

    def knock(self, path: str = "/channel/") -> TurnSocket:
        line: Any = Written()
        socket = self.turns.open(TurnOutlet(line, 0, "", plain=True), path)
        self.turns.put(socket, CONNECT, {"headers": [[b"host", b"localhost"]], "query_string": b"a=1"})
        return socket

    async def open(self, path: str = "/channel/") -> TurnSocket:
        """A socket that its code has accepted."""
        socket = self.knock(path)
        (turn,) = await self.worker.take(1, [CONNECT])
        self.worker.answer(turn, reply(socket, accept=True))
        assert await socket.decided()
        socket.opened()
        return socket

    def send(self, socket: TurnSocket, *frames: str) -> None:
        for text in frames:
            self.turns.put(socket, RECEIVE, {"text": text})


@pytest.fixture
def browsers(turns: Turns, worker: Worker) -> Browsers:
    return Browsers(turns, worker)


def written(socket: TurnSocket) -> Written:
    line: Any = socket.outlet.line
    return line  # type: ignore[no-any-return]
