"""Runs with a real database and a real layer: the events between one await and the next."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import OperationalError
from django.utils import timezone

from consumers.interface.feeds import feed as feeds
from consumers.interface.feeds import open_feeds, services
from consumers.interface.feeds import runs as run_feeds
from consumers.interface.feeds.feed import Follower
from consumers.interface.feeds.runs import RunSource
from consumers.interface.feeds.services import first_shown, takes_over
from consumers.interface.process import Interface
from consumers.interface.support import subscriptions
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
    """A line that remembers the frames that were written."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.closed: list[int] = []
        self.waiting = 0
        self.outlet = Outlet(self, 1, "alice", plain=False)
        self.follower = Follower(self.outlet)

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

    def output(self) -> str:
        return "".join(frame["text"] for frame in self.frames if frame["type"] == "output")


class Slow:
    """Stands between the sockets and the database: holds answers back, or refuses them."""

    def __init__(self) -> None:
        self.held: dict[str, asyncio.Event] = {}
        self.reached: dict[str, asyncio.Event] = {}
        self.refused: dict[str, int] = {}
        self.asked: Counter[str] = Counter()

    def hold(self, name: str) -> None:
        """Hold the answers of the query `name` back from now on, after they were read."""
        self.held[name], self.reached[name] = asyncio.Event(), asyncio.Event()

    async def ask(self, query: Callable[[], Any]) -> Any:
        name = getattr(getattr(query, "func", None), "__name__", "")
        self.asked[name] += 1
        if self.refused.get(name):
            self.refused[name] -= 1
            raise OperationalError("database is locked")
        answer = await ask(query)
        if name in self.held:
            self.reached[name].set()
            await self.held[name].wait()
        return answer


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    slow = Slow()
    for module in (feeds, open_feeds, run_feeds, services, sys.modules[ServiceSocket.__module__]):
        monkeypatch.setattr(module, "ask", slow.ask)
    for module in (open_feeds, services):
        monkeypatch.setattr(module, "POLL_SECONDS", 0.2)
    return slow


@pytest.fixture
async def interface(slow: Slow) -> AsyncIterator[Interface]:
    interface = Interface()
    yield interface
    await interface.tasks.stop()


@pytest.fixture
def service(make: Make) -> Service:  # noqa: F811
    return make("web1", concurrency=100)


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.fixture
def socket(page: Page, interface: Interface) -> ServiceSocket:
    """The page's socket on a service, past its door: begin() is the test's."""
    socket = ServiceSocket()
    socket.outlet, socket.interface = page.outlet, interface
    socket.scope = {"query_string": b""}
    return socket


def start(service: Service, output: str = "", state: State = State.RUNNING) -> Run:
    """Store a run that has printed this, and publish nothing."""
    run = Run.objects.create(service=service, number=service.runs.count() + 1, command=["true"], state=state)
    Service.objects.filter(pk=service.pk).update(last_number=run.number)
    more(run, output)
    return run


def more(run: Run, output: str) -> list[Chunk]:
    """Store more output of the run, and publish nothing."""
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


async def test_a_switch_while_a_socket_skips_ahead_begins_the_next_run_at_its_first_byte(
    interface: Interface, slow: Slow, service: Service
) -> None:
    first = await sync_to_async(start)(service, "a" * 3_000_000)
    second = await sync_to_async(start)(service, "b" * 100)
    page = Page()
    await interface.view_run(str(first.pk), page.follower, 2_500_000)
    await until(lambda: page.follower.position > 2_500_000)
    slow.hold("tail")
    interface.deliver(RunOutput(run=str(first.pk), bytes=9_000_000, chunks=[]))
    await until(lambda: slow.reached["tail"].is_set() or "skipped" in page.kinds())
    interface.leave_run(page.follower)
    page.follower = Follower(page.outlet)
    await interface.view_run(str(second.pk), page.follower, 0, switched=True)
    await until(lambda: page.output().endswith("b"))
    slow.held["tail"].set()
    await sync_to_async(more)(second, "c" * 100)
    interface.deliver(RunOutput(run=str(second.pk), bytes=200, chunks=[]))
    await until(lambda: page.output().endswith("b" * 100 + "c" * 100))
    assert "skipped" not in page.kinds()


async def test_sockets_that_cannot_keep_up_skip_ahead_together(
    interface: Interface, slow: Slow, service: Service
) -> None:
    run = await sync_to_async(start)(service, "a" * 100_000)
    pages = [Page() for _ in range(5)]
    for page in pages:
        await interface.view_run(str(run.pk), page.follower, 0)
    await until(lambda: all(page.follower.position == 100_000 for page in pages))
    slow.asked.clear()
    await sync_to_async(more)(run, "b" * 2_000_000)
    interface.deliver(RunOutput(run=str(run.pk), bytes=2_100_000, chunks=[]))
    await until(lambda: all(page.follower.position == 2_100_000 for page in pages))
    assert {page.kinds().count("skipped") for page in pages} == {1}
    assert slow.asked["tail"] == 1
    assert slow.asked["after"] <= 4, "the output is read once for all of them"


async def test_a_browser_that_is_slow_for_a_while_gets_the_rest_later_and_holds_up_no_other(
    interface: Interface, slow: Slow, service: Service
) -> None:
    run = await sync_to_async(start)(service)
    slow_page, page = Page(), Page()
    for one in (slow_page, page):
        await interface.view_run(str(run.pk), one.follower, 0)
    slow_page.waiting = 10**6
    for letter in "abc":
        chunks = await sync_to_async(more)(run, letter * 1000)
        interface.deliver(announcements.of_output(str(run.pk), chunks))
    await until(lambda: page.output() == "a" * 1000 + "b" * 1000 + "c" * 1000)
    assert slow_page.output() == ""
    slow_page.waiting = 0
    await until(lambda: slow_page.output() == page.output())


async def test_output_that_could_not_be_read_once_is_read_later(
    interface: Interface, slow: Slow, service: Service
) -> None:
    run = await sync_to_async(start)(service, "all of it", State.SUCCEEDED)
    slow.refused["after"] = 1
    page = Page()
    await interface.view_run(str(run.pk), page.follower, 0)
    await until(lambda: page.output() == "all of it")


async def test_a_socket_that_comes_between_the_end_and_its_message_hides_the_end_from_no_other(
    interface: Interface, service: Service
) -> None:
    run = await sync_to_async(start)(service)
    first, second = Page(), Page()
    await interface.view_run(str(run.pk), first.follower, 0)
    ended = await sync_to_async(end)(run)
    await interface.view_run(str(run.pk), second.follower, 0)
    interface.deliver(await sync_to_async(announcements.of_state)(ended))
    assert first.states() == ["running", "succeeded"]
    assert second.states() == ["succeeded"]


async def test_a_state_that_was_read_before_the_end_does_not_follow_it(
    interface: Interface, slow: Slow, service: Service
) -> None:
    run = await sync_to_async(start)(service)
    first, second = Page(), Page()
    await interface.view_run(str(run.pk), first.follower, 0)
    slow.hold("opening")
    coming = asyncio.ensure_future(interface.view_run(str(run.pk), second.follower, 0))
    await slow.reached["opening"].wait()
    ended = await sync_to_async(end)(run)
    interface.deliver(await sync_to_async(announcements.of_state)(ended))
    slow.held["opening"].set()
    await coming
    assert first.states() == ["running", "succeeded"]
    assert second.states()[-1] == "succeeded"
    assert second.kinds()[0] == "run", "the run comes first"


async def test_a_start_whose_message_was_lost_is_found(socket: ServiceSocket, page: Page, service: Service) -> None:
    await socket.begin(service, None)
    assert page.kinds() == ["idle"]
    run = await sync_to_async(start)(service, "begun")
    await until(lambda: page.output() == "begun")
    assert page.frames[1]["run"]["run"] == str(run.pk)
    assert page.frames[1]["switched"]
    await socket.disconnected()


async def test_a_switch_that_the_database_refuses_closes_the_socket(
    socket: ServiceSocket, page: Page, slow: Slow, service: Service
) -> None:
    await socket.begin(service, None)
    slow.refused["opening"] = 1
    run = await sync_to_async(start)(service, "begun")
    state = await sync_to_async(frames.state)(run)
    socket.update(RunState(state=dict(state)))
    await until(lambda: page.closed)
    assert page.closed == [1013]
    await socket.disconnected()


async def test_a_socket_that_comes_while_redis_is_away_gets_messages_when_it_is_back(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "JOIN_TIMEOUT_SECONDS", 0.1)
    layer, back = get_channel_layer(), asyncio.Event()
    add = layer.group_add

    async def away(group: str, channel: str) -> None:
        await back.wait()
        await add(group, channel)

    monkeypatch.setattr(layer, "group_add", away, raising=False)
    interface = Interface()
    received: list[RunState | ServiceLine] = []
    await interface.subscribe_to_service(service.uid, received.append)
    back.set()
    async with asyncio.timeout(8):
        while not received:
            await apublish([ServiceLine(service=service.uid, text="from a script")])
            await asyncio.sleep(0.05)
    interface.unsubscribe_from_service(service.uid, received.append)
    await interface.tasks.stop()


async def test_nothing_is_left_when_all_sockets_are_closed(interface: Interface, slow: Slow, service: Service) -> None:
    run = await sync_to_async(start)(service, "x" * 200_000)
    pages = [Page() for _ in range(20)]
    slow.hold("opening")
    coming = [asyncio.ensure_future(interface.view_run(str(run.pk), page.follower, None)) for page in pages]
    await slow.reached["opening"].wait()
    for page in pages[::2]:  # half of them leave on the way in
        interface.leave_run(page.follower)
    slow.held["opening"].set()
    await asyncio.gather(*coming)
    for page in pages[1::2]:
        interface.leave_run(page.follower)
    await until(lambda: not len(interface.subscriptions))
    assert not interface.viewing.feeds.open
    assert all(page.frames == [] for page in pages[::2])


async def publish(socket: ServiceSocket, run: Run) -> None:
    """Deliver the run's state as a message of the layer."""
    (head,) = (await sync_to_async(RunSource().heads)([str(run.pk)])).values()
    assert head.state
    socket.interface.deliver(RunState(state=dict(head.state)))


async def test_a_running_run_is_shown_until_the_queued_one_begins(
    socket: ServiceSocket, page: Page, service: Service
) -> None:
    first = await sync_to_async(start)(service, "first")
    await sync_to_async(claimed)(first)
    await socket.begin(service, None)
    await until(lambda: page.output() == "first")
    second = await sync_to_async(start)(service, "", State.QUEUED)
    await publish(socket, second)
    await until(lambda: page.kinds()[-1] == "queued")
    chunks = await sync_to_async(more)(first, " goes on")
    socket.interface.deliver(announcements.of_output(str(first.pk), chunks))
    await until(lambda: page.output() == "first goes on")
    await sync_to_async(end)(first)
    await publish(socket, first)
    await sync_to_async(claimed)(second)
    await sync_to_async(more)(second, ", second")
    await publish(socket, second)
    await until(lambda: page.output() == "first goes on, second")
    assert [frame["run"]["number"] for frame in page.frames if frame["type"] == "run"] == [1, 2]
    assert page.kinds().count("queued") == 1
    await socket.disconnected()


async def test_a_socket_that_comes_while_runs_are_queued_shows_the_running_one_or_else_the_next(
    socket: ServiceSocket, page: Page, service: Service
) -> None:
    first = await sync_to_async(start)(service, "first")
    await sync_to_async(claimed)(first)
    second = await sync_to_async(start)(service, "", State.QUEUED)
    third = await sync_to_async(start)(service, "", State.QUEUED)
    await socket.begin(service, None)
    assert [(frame["type"], frame["run"]["number"]) for frame in page.frames] == [("run", 1), ("queued", 3)]
    await sync_to_async(lambda: Run.objects.filter(pk=third.pk).move(State.CANCELED))()
    await publish(socket, third)
    assert (page.kinds()[-1], page.states()[-1]) == ("queued", "canceled")
    await sync_to_async(end)(first)
    assert [state["number"] for state in await sync_to_async(first_shown)(service.uid)] == [3]
    await sync_to_async(lambda: Run.objects.filter(pk=third.pk).delete())()
    assert [state["number"] for state in await sync_to_async(first_shown)(service.uid)] == [2]
    await sync_to_async(lambda: Run.objects.filter(pk=second.pk).delete())()
    await socket.disconnected()


async def test_runs_that_begin_and_end_quickly_are_shown_one_after_the_other(
    socket: ServiceSocket, page: Page, slow: Slow, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (run_feeds, sys.modules[ServiceSocket.__module__]):
        monkeypatch.setattr(module, "END_SECONDS", 30.0)  # enough for a slow database
    monkeypatch.setattr(services, "newest_states", lambda _: [])  # a poll would find the last run first
    await socket.begin(service, None)
    slow.hold("after")
    runs = [await sync_to_async(start)(service, f"{n} came, ", State.SUCCEEDED) for n in range(3)]
    for run in runs:
        await publish(socket, run)
    await slow.reached["after"].wait()
    slow.held.pop("after").set()
    await until(lambda: page.output() == "0 came, 1 came, 2 came, ")
    await socket.disconnected()


def test_a_viewer_switches_to_newer_runs_but_leaves_no_running_one_for_a_queued_one() -> None:
    def state(number: int, state: str) -> frames.RunState:
        duration = None if state in ("queued", "canceled") else 1.0
        return cast(frames.RunState, {"number": number, "state": state, "duration": duration})

    over = takes_over
    assert over(state(1, "queued"), None)
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
    """Let a worker claim the run."""
    Run.objects.filter(pk=run.pk).update(state=State.RUNNING, claimed_at=timezone.now())


async def test_a_viewer_of_a_queued_run_sees_the_queue_move(
    interface: Interface, slow: Slow, service: Service, page: Page
) -> None:
    """No message is published for this run while others of its service end."""
    await sync_to_async(Service.objects.update)(concurrency=1)
    first = await sync_to_async(start)(service)
    second = await sync_to_async(start)(service, state=State.QUEUED)
    third = await sync_to_async(start)(service, state=State.QUEUED)
    await interface.view_run(str(third.pk), page.follower, None)

    def seen() -> list[tuple[int, list[int]]]:
        found = [frame["run"]["waiting"] for frame in page.frames if "run" in frame]
        return [(one["place"], [blocker["number"] for blocker in one["runs"]]) for one in found]

    assert seen()[-1] == (2, [1])
    await sync_to_async(end)(first)
    await until(lambda: seen()[-1] == (2, [2]))
    await sync_to_async(Run.objects.filter(pk=second.pk).move)(State.RUNNING)
    await until(lambda: seen()[-1] == (1, [2]))
    sent = len(page.frames)
    asked = slow.asked["heads"]
    await until(lambda: slow.asked["heads"] > asked + 2)
    assert len(page.frames) == sent, "the same cause is no news"
