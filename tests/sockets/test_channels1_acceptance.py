"""The workers of Channels 1.x code restart with changed code, and are killed, while many sockets send frames.

    ./tests/run -n 0 -s -m by_hand tests/sockets/test_channels1_acceptance.py

The run by hand has 200 sockets that send 5 frames a second for two minutes; every run has a short form of it. Each
frame has a number; its answer has the number and the version of the code.
"""

import asyncio
import contextlib
import re
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.conftest import wait_for
from tests.sockets.channels1 import Channels1

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

FRAMES_A_SECOND = 5
THREADS = 4  # of a worker
CONNECTING = 25  # handshakes at a time
ANSWER_SECONDS = 30.0  # for the last answers
LOST = re.compile(r"a worker died with a turn of (\d+) messages on ([\w.]+)")

CONSUMERS = """
import os, time
from deck.version import VERSION

def record(line):
    with open(os.environ["TEAM_FOLDER"] + "/records", "a") as file:
        file.write(line + "\\n")

def connect(message):
    record(f"connect {message['path']}")
    message.reply_channel.send({"accept": True})

def receive(message):
    time.sleep(0.004)  # as a query would: turns are in hand when a worker dies
    message.reply_channel.send({"text": f"{message['text']} {VERSION}"})

def disconnect(message):
    record(f"disconnect {message['path']}")
"""
ROUTING = """
from channels_legacy.routing import route
from deck import consumers

channel_routing = [
    route("websocket.connect", consumers.connect),
    route("websocket.receive", consumers.receive),
    route("websocket.disconnect", consumers.disconnect),
]
"""


class Deck(Channels1):
    """The processes, with a team's code in files that a test rewrites."""

    def __init__(self) -> None:
        super().__init__(SIGNALBOX_CHANNEL_ROUTING="deck.routing.channel_routing", SIGNALBOX_CHANNEL_WAIT="5")
        self.environment["SIGNALBOX_CHANNEL_CODE"] = str(self.folder / "code")
        self.code = self.folder / "code" / "deck"
        self.code.mkdir(parents=True)
        for name, text in (("__init__", ""), ("consumers", CONSUMERS), ("routing", ROUTING)):
            (self.code / f"{name}.py").write_text(text)
        self.version = 0
        self.change()

    def change(self) -> None:
        """Write the next version of the code."""
        self.version += 1
        (self.code / "version.py").write_text(f"VERSION = {self.version}  # {'x' * self.version}\n")

    def restart(self) -> None:
        """End the workers as supervisord does, change the code, and start them: nobody takes turns meanwhile."""
        for number in range(2):
            assert self.end(f"channels_{number}") == 0
        self.change()
        self.start_workers(dict.fromkeys(range(2), ""))

    def kill(self) -> None:
        """Kill the workers with -9, and start them as supervisord does."""
        for number in range(2):
            self.processes[f"channels_{number}"].kill()
        for number in range(2):
            self.processes[f"channels_{number}"].wait(10)
        self.start_workers(dict.fromkeys(range(2), ""))

    def records(self, verb: str) -> set[str]:
        """Return the paths of the sockets whose connect or disconnect the code has had."""
        lines = [line.split() for line in (self.folder / "records").read_text().splitlines()]
        return {path for what, path in lines if what == verb}

    def lost_turns(self) -> list[tuple[int, str]]:
        """Return the lost turns in the logs: the number of their messages, and their channel."""
        found = LOST.findall(self.log("interface_0") + self.log("interface_1"))
        return [(int(messages), channel) for messages, channel in found]


@pytest.fixture(scope="module")
def deck(redis_url: str) -> Iterator[Deck]:
    deck = Deck()
    try:
        deck.start()
        yield deck
    finally:
        deck.stop()


class Sender:
    """A socket that sends a numbered frame again and again, and its answers."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.sent = 0
        self.answers: list[int] = []
        self.versions: list[int] = []
        self.slowest = 0.0
        self.closed = False
        self.last = sys.maxsize  # the number of the last frame, once it is known
        self._sent_at: list[float] = []

    async def send(self, until: float, delay: float) -> None:
        await asyncio.sleep(delay)
        with contextlib.suppress(ConnectionClosed):
            while time.monotonic() < until:
                await self.send_next()
                await asyncio.sleep(1 / FRAMES_A_SECOND)

    async def send_next(self) -> None:
        number, self.sent = self.sent, self.sent + 1
        self._sent_at.append(time.monotonic())
        await self.socket.send(str(number))

    async def read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                number, version = (int(part) for part in str(await self.socket.recv()).split())
                self.answers.append(number)
                self.versions.append(version)
                self.slowest = max(self.slowest, time.monotonic() - self._sent_at[number])
                if number >= self.last:
                    return
        self.closed = True

    @property
    def missing(self) -> int:
        return self.sent - len(set(self.answers))


Disturb = Callable[[], Awaitable[None]]


async def run(deck: Deck, sockets: int, seconds: float, disturb: Disturb) -> list[Sender]:
    """Send frames on many sockets of both interfaces for some time, while `disturb` goes on; wait for the answers."""
    gate = asyncio.Semaphore(CONNECTING)

    async def opened(number: int) -> ClientConnection:
        async with gate:
            return await stack.enter_async_context(deck.open(f"/channel/{uuid.uuid4().hex}/", number % 2))

    async with contextlib.AsyncExitStack() as stack:
        senders = [Sender(socket) for socket in await asyncio.gather(*(opened(number) for number in range(sockets)))]
        readers = [asyncio.ensure_future(sender.read()) for sender in senders]
        until = time.monotonic() + seconds
        spread = 1 / FRAMES_A_SECOND / sockets
        sending = [sender.send(until, number * spread) for number, sender in enumerate(senders)]
        disturbing = asyncio.ensure_future(disturb())
        await asyncio.gather(*sending)
        await disturbing
        # A turn that a killed worker had is found after 5 s; the answer to this frame comes after it.
        for sender in senders:
            sender.last = sender.sent
        with contextlib.suppress(ConnectionClosed):
            await asyncio.gather(*(sender.send_next() for sender in senders))
        _, unanswered = await asyncio.wait(readers, timeout=ANSWER_SECONDS)
        for reader in unanswered:
            reader.cancel()
    return senders


async def repeat(deed: Callable[[], None], seconds: float, times: int) -> None:
    """Do something at even distances within `seconds`."""
    began = time.monotonic()
    for number in range(times):
        await asyncio.sleep(began + seconds * (number + 0.5) / times - time.monotonic())
        await asyncio.to_thread(deed)


def in_order(senders: list[Sender]) -> bool:
    """Whether no answer came twice or after a later one."""
    return all(sender.answers == sorted(set(sender.answers)) for sender in senders)


def figures(name: str, senders: list[Sender], **more: object) -> None:
    answers = sum(len(sender.answers) for sender in senders)
    shown = {
        "sockets": len(senders),
        "frames": sum(sender.sent for sender in senders),
        "answers": answers,
        "closed": sum(sender.closed for sender in senders),
        "lost": sum(sender.missing for sender in senders),
        "doubled": answers - sum(len(set(sender.answers)) for sender in senders),
        "in order": in_order(senders),
        "slowest answer": f"{max(sender.slowest for sender in senders):.1f} s",
        **more,
    }
    print(f"\n{name}: " + ", ".join(f"{key} {value}" for key, value in shown.items()))


async def restarts(deck: Deck, sockets: int, seconds: float, times: int) -> None:
    """Row "a worker restarted": the answers tell the versions, and nothing is lost, doubled or out of order."""
    first = deck.version

    async def disturb() -> None:
        await repeat(deck.restart, seconds, times)

    senders = await run(deck, sockets, seconds, disturb)
    versions = sorted({version for sender in senders for version in sender.versions})
    figures(f"{times} restarts with changed code in {seconds:g} s", senders, versions=versions)
    assert [sender for sender in senders if sender.closed] == []
    assert [sender.answers for sender in senders] == [list(range(sender.sent)) for sender in senders]
    assert all(sender.versions == sorted(sender.versions) for sender in senders)
    assert versions == list(range(first, first + times + 1))
    assert deck.lost_turns() == []


class Comers:
    """Sockets that come and go while workers are killed."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self.ended = asyncio.Event()
        self.opened: set[str] = set()
        self.refused = 0

    async def come_and_go(self, number: int) -> None:
        while not self.ended.is_set():
            path = f"/channel/{uuid.uuid4().hex}/"
            try:
                async with self._deck.open(path, number % 2):
                    self.opened.add(path)
                    await asyncio.sleep(0.1)
            except InvalidStatus:
                self.refused += 1


async def kills(deck: Deck, sockets: int, seconds: float, times: int) -> None:
    """Row "a worker killed": at most the turns in hand are lost, all are known; connects and disconnects are not."""
    lost_before, counted_before = deck.lost_turns(), deck.metric("signalbox_turns_total", result="lost")
    comers = Comers(deck)

    async def disturb() -> None:
        coming = [asyncio.ensure_future(comers.come_and_go(number)) for number in range(max(2, sockets // 20))]
        await repeat(deck.kill, seconds, times)
        comers.ended.set()
        await asyncio.gather(*coming)

    senders = await run(deck, sockets, seconds, disturb)
    lost = deck.lost_turns()[len(lost_before) :]
    frames_lost = sum(messages for messages, channel in lost if channel == "websocket.receive")
    counted = deck.metric("signalbox_turns_total", result="lost") - counted_before
    await asyncio.to_thread(
        wait_for, lambda: deck.records("connect") == deck.records("disconnect"), 30, "all disconnects"
    )
    figures(
        f"{times} kills of both workers in {seconds:g} s",
        senders,
        **{
            "turns lost": len(lost),
            "counted": f"{counted:g}",
            "frames in them": frames_lost,
            "connects": len(deck.records("connect")),
            "disconnects": len(deck.records("disconnect")),
            "came and went": len(comers.opened),
            "refused": comers.refused,
        },
    )
    assert [sender for sender in senders if sender.closed] == []
    assert in_order(senders)
    assert all(sender.answers[-1] == sender.last for sender in senders)
    assert len(lost) <= times * 2 * THREADS
    assert counted == len(lost)
    assert sum(sender.missing for sender in senders) <= frames_lost
    assert comers.opened <= deck.records("connect")


async def test_in_short_restarts_with_changed_code_lose_double_and_close_nothing(deck: Deck) -> None:
    await restarts(deck, sockets=40, seconds=3, times=1)


async def test_in_short_killed_workers_lose_no_more_than_their_turns_in_hand(deck: Deck) -> None:
    await kills(deck, sockets=40, seconds=3, times=1)


@pytest.mark.by_hand
async def test_by_hand_five_restarts_with_changed_code_lose_double_and_close_nothing(deck: Deck) -> None:
    await restarts(deck, sockets=200, seconds=60, times=5)


@pytest.mark.by_hand
async def test_by_hand_five_kills_lose_no_more_than_the_turns_in_hand(deck: Deck) -> None:
    await kills(deck, sockets=200, seconds=60, times=5)
