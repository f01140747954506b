"""Watched runs with a real database and a real layer: what happens between one await and the next."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.utils import timezone

from consumers.interface.feeds import viewing
from consumers.interface.feeds import watching as module
from consumers.interface.feeds.mailbox import Mailbox
from consumers.interface.feeds.watching import Watcher, Watching
from consumers.interface.support.database import ask
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.outlet import Outlet
from consumers.sockets.runs import ServiceSocket
from proj.layer.messages import RunOutput, RunState, ServiceLine
from proj.layer.publish import apublish
from proj.runs.models import Chunk, Run, Service
from proj.runs.publishing import announcements, frames
from proj.runs.states import State
from tests.runs.conftest import Make, make  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db(transaction=True)


class Page:
    """A line that keeps what it was told."""

    waiting = 0

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.closed: list[int] = []
        self.watcher = Watcher(Outlet(self, 1, "alice", plain=False))

    def write(self, frame: Frame) -> None:
        self.frames.append(json.loads(frame.text))

    def write_now(self, frames: object, wire: bytes) -> None:
        raise AssertionError("a run's output is written frame by frame")

    def close(self, code: int, reason: str = "") -> None:
        self.closed.append(code)

    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    def states(self) -> list[str]:
        return [frame["run"]["state"] for frame in self.frames if "run" in frame]

    def said(self) -> str:
        return "".join(frame["text"] for frame in self.frames if frame["type"] == "output")


class Slow:
    """Stands between the sockets and the database: holds answers back, or refuses them."""

    def __init__(self) -> None:
        self.held: dict[str, asyncio.Event] = {}
        self.reached: dict[str, asyncio.Event] = {}
        self.refused: dict[str, int] = {}
        self.asked: Counter[str] = Counter()

    def hold(self, name: str) -> None:
        """What viewing.`name` answers is held back from now on, after it was read."""
        self.held[name], self.reached[name] = asyncio.Event(), asyncio.Event()

    async def ask(self, question: Callable[[], Any]) -> Any:
        name = getattr(getattr(question, "func", None), "__name__", "")
        self.asked[name] += 1
        if self.refused.get(name):
            self.refused[name] -= 1
            raise OperationalError("database is locked")
        answer = await ask(question)
        if name in self.held:
            self.reached[name].set()
            await self.held[name].wait()
        return answer


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    slow = Slow()
    monkeypatch.setattr(module, "ask", slow.ask)
    monkeypatch.setattr(sys.modules[ServiceSocket.__module__], "ask", slow.ask)
    monkeypatch.setattr(module, "LOOK", 0.2)
    return slow


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    yield mailbox
    await mailbox.tasks.stop()


@pytest.fixture
def watching(mailbox: Mailbox, slow: Slow) -> Watching:
    return mailbox.watching


@pytest.fixture
def service(make: Make) -> Service:  # noqa: F811
    return make("web1", concurrency=100)


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.fixture
def socket(page: Page, mailbox: Mailbox, slow: Slow, monkeypatch: pytest.MonkeyPatch) -> ServiceSocket:
    """The page's socket on a service, past its door: begin() is the test's."""
    here = SimpleNamespace(mailbox=mailbox)
    monkeypatch.setattr(sys.modules[ServiceSocket.__module__], "interface", lambda: here)
    socket = ServiceSocket()
    socket.watcher, socket.outlet, socket.watching = page.watcher, page.watcher.outlet, mailbox.watching
    socket.scope = {"query_string": b""}
    return socket


def start(service: Service, output: str = "", state: State = State.RUNNING) -> Run:
    """A run that has printed this. Nobody is told."""
    run = Run.objects.create(service=service, number=service.runs.count() + 1, command=["true"], state=state)
    Service.objects.filter(pk=service.pk).update(last_number=run.number)
    more(run, output)
    return run


def more(run: Run, output: str) -> list[Chunk]:
    """It prints more. Nobody is told."""
    chunks = []
    for at in range(0, len(output), 32_768):
        part = output[at : at + 32_768].encode()
        run.chunks += 1
        chunks.append(Chunk.objects.create(run=run, seq=run.chunks, offset=run.bytes, line=1, data=part))
        run.bytes += len(part)
    Run.objects.filter(pk=run.pk).update(bytes=run.bytes, chunks=run.chunks)
    return chunks


def end(run: Run) -> Run:
    Run.objects.filter(pk=run.pk).move(State.SUCCEEDED)
    return Run.objects.select_related("service", "person").get(pk=run.pk)


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - of anything, not of one event
            await asyncio.sleep(0.01)


async def test_a_switch_while_one_skips_along_begins_the_next_run_at_its_first_byte(
    watching: Watching, slow: Slow, service: Service
) -> None:
    first = await sync_to_async(start)(service, "a" * 3_000_000)
    second = await sync_to_async(start)(service, "b" * 100)
    page = Page()
    await watching.follow(page.watcher, str(first.pk), 2_500_000)
    await until(lambda: page.watcher.told > 2_500_000)
    slow.hold("tail")
    watching.arrived(RunOutput(run=str(first.pk), bytes=9_000_000, chunks=[]))
    await until(lambda: slow.reached["tail"].is_set() or "skipped" in page.kinds())
    await watching.follow(page.watcher, str(second.pk), 0, switched=True)
    await until(lambda: page.said().endswith("b"))
    slow.held["tail"].set()
    await sync_to_async(more)(second, "c" * 100)
    watching.arrived(RunOutput(run=str(second.pk), bytes=200, chunks=[]))
    await until(lambda: page.said().endswith("b" * 100 + "c" * 100))
    assert "skipped" not in page.kinds()


async def test_those_who_cannot_keep_up_skip_along_together(watching: Watching, slow: Slow, service: Service) -> None:
    run = await sync_to_async(start)(service, "a" * 100_000)
    pages = [Page() for _ in range(5)]
    for page in pages:
        await watching.follow(page.watcher, str(run.pk), 0)
    await until(lambda: all(page.watcher.told == 100_000 for page in pages))
    slow.asked.clear()
    await sync_to_async(more)(run, "b" * 2_000_000)
    watching.arrived(RunOutput(run=str(run.pk), bytes=2_100_000, chunks=[]))
    await until(lambda: all(page.watcher.told == 2_100_000 for page in pages))
    assert {page.kinds().count("skipped") for page in pages} == {1}
    assert slow.asked["tail"] == 1
    assert slow.asked["after"] <= 4, "what they are told is read once for all"


async def test_output_that_could_not_be_read_once_is_read_later(
    watching: Watching, slow: Slow, service: Service
) -> None:
    run = await sync_to_async(start)(service, "all of it", State.SUCCEEDED)
    slow.refused["after"] = 1
    page = Page()
    await watching.follow(page.watcher, str(run.pk), 0)
    await until(lambda: page.said() == "all of it")


async def test_who_comes_between_the_end_and_the_word_of_it_hides_it_from_nobody(
    watching: Watching, service: Service
) -> None:
    run = await sync_to_async(start)(service)
    first, second = Page(), Page()
    await watching.follow(first.watcher, str(run.pk), 0)
    ended = await sync_to_async(end)(run)
    await watching.follow(second.watcher, str(run.pk), 0)
    watching.arrived(await sync_to_async(announcements.of_state)(ended))
    assert first.states() == ["running", "succeeded"]
    assert second.states() == ["succeeded"]


async def test_a_state_that_was_read_before_the_end_does_not_follow_it(
    watching: Watching, slow: Slow, service: Service
) -> None:
    run = await sync_to_async(start)(service)
    first, second = Page(), Page()
    await watching.follow(first.watcher, str(run.pk), 0)
    slow.hold("opening")
    coming = asyncio.ensure_future(watching.follow(second.watcher, str(run.pk), 0))
    await slow.reached["opening"].wait()
    ended = await sync_to_async(end)(run)
    watching.arrived(await sync_to_async(announcements.of_state)(ended))
    slow.held["opening"].set()
    await coming
    assert first.states() == ["running", "succeeded"]
    assert second.states()[-1] == "succeeded"
    assert second.kinds()[0] == "run", "the run comes first"


async def test_a_start_nobody_was_told_of_is_found(socket: ServiceSocket, page: Page, service: Service) -> None:
    await socket.begin(service, None)
    assert page.kinds() == ["idle"]
    run = await sync_to_async(start)(service, "begun")
    await until(lambda: page.said() == "begun")
    assert page.frames[1]["run"]["run"] == str(run.pk)
    assert page.frames[1]["switched"]
    await socket.gone()


async def test_a_switch_that_the_database_refuses_sends_the_browser_away_instead_of_leaving_it_in_between(
    socket: ServiceSocket, page: Page, slow: Slow, service: Service
) -> None:
    await socket.begin(service, None)
    slow.refused["opening"] = 1
    run = await sync_to_async(start)(service, "begun")
    state = await sync_to_async(frames.state)(run)
    socket._told(RunState(state=state))
    await until(lambda: page.closed)
    assert page.closed == [1013]
    await socket.gone()


async def test_who_comes_while_redis_is_away_hears_when_it_is_back(
    mailbox: Mailbox, watching: Watching, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SUBSCRIBING", 0.1)
    back = asyncio.Event()
    opened = mailbox._open_channel

    async def away() -> str:
        await back.wait()
        return await opened()

    monkeypatch.setattr(watching, "_channel", away)
    heard: list[RunState | ServiceLine] = []
    await watching.listen(service.uid, heard.append)
    back.set()

    async with asyncio.timeout(8):
        while not heard:
            await apublish([ServiceLine(service=service.uid, text="from a script")])
            await asyncio.sleep(0.05)
    watching.unlisten(service.uid, heard.append)


async def test_nothing_is_left_when_everybody_has_gone(
    mailbox: Mailbox, watching: Watching, slow: Slow, service: Service
) -> None:
    run = await sync_to_async(start)(service, "x" * 200_000)
    pages = [Page() for _ in range(20)]
    slow.hold("opening")
    coming = [asyncio.ensure_future(watching.follow(page.watcher, str(run.pk), None)) for page in pages]
    await slow.reached["opening"].wait()
    for page in pages[::2]:  # half of them leave on the way in
        page.watcher.gone = True
        watching.leave(page.watcher)
    slow.held["opening"].set()
    await asyncio.gather(*coming)
    for page in pages[1::2]:
        watching.leave(page.watcher)
    await until(lambda: not mailbox._layer.groups.keys() - {g for g in mailbox._layer.groups if "interface" in g})
    assert not watching._runs
    assert not watching._groups
    assert all(page.frames == [] for page in pages[::2])


async def told(socket: ServiceSocket, run: Run) -> None:
    """The layer brings the run's state."""
    (state,) = await sync_to_async(viewing.states)([str(run.pk)])
    socket.watching.arrived(RunState(state=state))


async def test_what_goes_on_is_shown_until_what_waits_begins(
    socket: ServiceSocket, page: Page, service: Service
) -> None:
    first = await sync_to_async(start)(service, "first")
    await sync_to_async(claimed)(first)
    await socket.begin(service, None)
    await until(lambda: page.said() == "first")
    second = await sync_to_async(start)(service, "", State.QUEUED)
    await told(socket, second)
    await until(lambda: page.kinds()[-1] == "queued")
    chunks = await sync_to_async(more)(first, " goes on")
    socket.watching.arrived(announcements.of_output(str(first.pk), chunks))
    await until(lambda: page.said() == "first goes on")
    await sync_to_async(end)(first)
    await told(socket, first)
    await sync_to_async(claimed)(second)
    await sync_to_async(more)(second, ", second")
    await told(socket, second)
    await until(lambda: page.said() == "first goes on, second")
    assert [frame["run"]["number"] for frame in page.frames if frame["type"] == "run"] == [1, 2]
    assert page.kinds().count("queued") == 1
    await socket.gone()


async def test_who_comes_while_runs_wait_sees_the_one_that_goes_on_or_else_the_next(
    socket: ServiceSocket, page: Page, service: Service
) -> None:
    first = await sync_to_async(start)(service, "first")
    await sync_to_async(claimed)(first)
    second = await sync_to_async(start)(service, "", State.QUEUED)
    third = await sync_to_async(start)(service, "", State.QUEUED)
    await socket.begin(service, None)
    assert [(frame["type"], frame["run"]["number"]) for frame in page.frames] == [("run", 1), ("queued", 3)]
    await sync_to_async(lambda: Run.objects.filter(pk=third.pk).move(State.CANCELED))()
    await told(socket, third)
    assert (page.kinds()[-1], page.states()[-1]) == ("queued", "canceled")
    await sync_to_async(end)(first)
    assert [state["number"] for state in await sync_to_async(viewing.shown_first)(service.uid)] == [3]
    await sync_to_async(lambda: Run.objects.filter(pk=third.pk).delete())()
    assert [state["number"] for state in await sync_to_async(viewing.shown_first)(service.uid)] == [2]
    await sync_to_async(lambda: Run.objects.filter(pk=second.pk).delete())()
    await socket.gone()


async def test_what_came_and_went_is_shown_before_the_next(
    socket: ServiceSocket, page: Page, slow: Slow, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in (module, sys.modules[ServiceSocket.__module__]):
        monkeypatch.setattr(where, "REST", 30.0)  # so long they are shown, however slow the database is
    await socket.begin(service, None)
    slow.hold("after")
    runs = [await sync_to_async(start)(service, f"{n} came, ", State.SUCCEEDED) for n in range(3)]
    for run in runs:
        await told(socket, run)
    await slow.reached["after"].wait()
    slow.held.pop("after").set()
    await until(lambda: page.said() == "0 came, 1 came, 2 came, ")
    await socket.gone()


def test_who_goes_over_to_which_run() -> None:
    def state(number: int, state: str) -> dict[str, Any]:
        return {"number": number, "state": state, "duration": None if state in ("queued", "canceled") else 1.0}

    over = viewing.takes_over
    assert over(state(1, "queued"), {})
    assert not over(state(1, "running"), state(1, "queued")), "it is the same"
    assert over(state(2, "running"), state(1, "running"))
    assert over(state(2, "succeeded"), state(1, "running"))
    assert not over(state(2, "queued"), state(1, "running"))
    assert not over(state(2, "canceled"), state(1, "running")), "it never began"
    assert over(state(2, "queued"), state(1, "succeeded"))
    assert not over(state(2, "queued"), state(1, "queued")), "the first begins first"
    assert over(state(1, "running"), state(2, "queued"))
    assert not over(state(1, "running"), state(2, "running"))
    assert not over(state(1, "succeeded"), state(2, "queued"))


def claimed(run: Run) -> None:
    """A worker has it."""
    Run.objects.filter(pk=run.pk).update(state=State.RUNNING, claimed_at=timezone.now())
