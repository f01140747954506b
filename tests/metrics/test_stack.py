"""Metrics of the whole stack: the sums of all processes are right, and stay right when processes come and go."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy import configure, roll
from tests.system.client import Client, hear, knock
from tests.system.stack import Stack

pytestmark = pytest.mark.system

Values = Mapping[tuple[str, ...], float]

# metrics that count each posted message once
COUNTED_ONCE = ("received_frames_total", "outbox_commands_total", "receive_to_commit_seconds_count")


def scrape(stack: Stack) -> dict[tuple[str, ...], float]:
    """Return the values at /metrics, by name and labels."""
    status, headers, text = stack.get("/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def until(stack: Stack, right: Callable[[Values], bool], seconds: float = 15.0) -> Values:
    """Scrape until the values are `right`: processes report their traffic twice a second."""
    end = time.monotonic() + seconds
    while not right(values := await asyncio.to_thread(scrape, stack)):
        assert time.monotonic() < end, values
        await asyncio.sleep(0.2)
    return values


def open_sockets(values: Values) -> dict[str, float]:
    return {key[1]: value for key, value in values.items() if key[0] == "signalbox_sockets"}


def grown(before: Values, after: Values, *key: str) -> float:
    return after.get(key, 0.0) - before.get(key, 0.0)


def counts(name: str) -> bool:
    return name.endswith(("_total", "_count", "_sum", "_bucket"))


def files(stack: Stack) -> list[str]:
    return sorted(file.name for file in (stack.root / "var/run/metrics").iterdir())


class People:
    """Sockets of one person in one room, some in each interface process."""

    def __init__(self, stack: Stack, room: str, cookie: str) -> None:
        self.stack, self.room, self.cookie = stack, room, cookie
        self.clients: list[Client] = []

    async def come(self) -> Values:
        """Open a socket, and more until each process has one. Return the newest values."""
        while len(self.clients) < 40:
            self.clients.append(Client(self.stack.url, self.room, self.cookie))
            values = await self.all_there()
            if all(open_sockets(values).get(f"interface_{n}") for n in (0, 1)):
                return values
        raise AssertionError(open_sockets(values))

    async def all_there(self) -> Values:
        """Wait until all sockets are live and counted."""
        for client in self.clients:
            await client.until(client.live.is_set)
        return await until(self.stack, lambda values: sum(open_sockets(values).values()) == len(self.clients))

    async def say(self, messages: int, before: Values) -> Values:
        """Post messages on one socket, and check the counts of all processes. Return the newest values."""
        speaker, deliveries = self.clients[0], messages * len(self.clients)
        for n in range(messages):
            await speaker.post(f"message {n}")
        await speaker.until(lambda: not speaker.pending)
        keys = [("signalbox_worker_items_total", "chat"), *((f"signalbox_{name}",) for name in COUNTED_ONCE)]
        delivered = [f"signalbox_{name}_to_delivery_seconds" for name in ("commit", "receive")]

        def all_counted(values: Values) -> bool:
            batches = grown(before, values, "signalbox_worker_batches_total", "chat")
            return (
                all(grown(before, values, *key) >= messages for key in keys)
                and all(grown(before, values, f"{name}_count") >= 2 * batches for name in delivered)
                and grown(before, values, "signalbox_sent_frames_total") >= deliveries
            )

        after = await until(self.stack, all_counted)
        for key in keys:
            assert grown(before, after, *key) == messages, key
        assert grown(before, after, "signalbox_worker_failures_total", "chat") == 0
        assert grown(before, after, "signalbox_sent_bytes_total") > deliveries * 100
        batches = grown(before, after, "signalbox_worker_batches_total", "chat")
        assert 1 <= batches <= messages
        for name in delivered:
            # both processes deliver each layer message
            assert grown(before, after, f"{name}_count") == 2 * batches
            assert grown(before, after, f"{name}_bucket", "+Inf") == 2 * batches
            assert 0 < grown(before, after, f"{name}_sum") < 2.0 * 2 * batches
        return after

    async def leave(self) -> None:
        for client in self.clients:
            await client.close()


async def test_everything_is_added_up_and_goes_on_after_a_restart(stack: Stack) -> None:
    await asyncio.to_thread(stack.manage, "addroom", "metrics")
    people = People(stack, "metrics", await asyncio.to_thread(stack.sign_in, "alice"))
    await until(stack, lambda values: sum(open_sockets(values).values()) == 0)
    before = await people.say(20, await people.come())
    held, known_files = open_sockets(before), files(stack)

    restart = asyncio.ensure_future(asyncio.to_thread(stack.supervisorctl, "restart", "interface:interface_0"))
    last = before
    while not restart.done():
        values = await asyncio.to_thread(scrape, stack)
        assert not [key for key, value in last.items() if counts(key[0]) and value > values.get(key, 0.0)]
        last = values
        await asyncio.sleep(0.05)
    assert "started" in restart.result()
    after = await people.all_there()
    assert grown(before, after, "signalbox_closes_total", "1012") == held["interface_0"]
    assert files(stack) == known_files
    await people.say(20, await people.come())

    await people.leave()
    await until(stack, lambda values: sum(open_sockets(values).values()) == 0)
    await until(stack, lambda values: sum(value for key, value in values.items() if key[0] == "signalbox_rooms") == 0)


async def test_after_a_kill_counters_go_on_and_no_socket_is_left_in_the_gauge(stack: Stack) -> None:
    await asyncio.to_thread(stack.manage, "addroom", "killed")
    people = People(stack, "killed", await asyncio.to_thread(stack.sign_in, "alice"))
    before, known_files = await people.say(5, await people.come()), files(stack)
    starts = stack.log("worker-chat").count("consuming")
    for program in ("interface_0", "worker-chat"):
        await asyncio.to_thread(stack.kill9, program)
    await people.clients[0].until(lambda: stack.log("worker-chat").count("consuming") > starts)
    after = await people.all_there()
    assert not [key for key, value in before.items() if counts(key[0]) and value > after.get(key, 0.0)]
    await people.say(5, await people.come())
    assert files(stack) == known_files
    await people.leave()
    await until(stack, lambda values: sum(open_sockets(values).values()) == 0)


async def test_refusals_and_the_workers_are_shown(stack: Stack) -> None:
    cookie = await asyncio.to_thread(stack.sign_in, "alice")
    before = await asyncio.to_thread(scrape, stack)
    async with await knock(stack.url, "lobby", cookie) as socket:
        await hear(socket, "welcome")
        await socket.send("not json")
        assert (await hear(socket, "error"))["code"] == "not_json"
        await socket.send(json.dumps({"type": "edit", "seq": 10**6, "message": "x"}))
        assert (await hear(socket, "error"))["code"] == "no_such_message"
    async with await knock(stack.url, "no such room", cookie) as socket:
        assert (await hear(socket, "error"))["code"] == "no_such_room"
        await socket.wait_closed()
    closed = [("signalbox_closes_total", code) for code in ("4404", "1000")]
    after = await until(stack, lambda values: all(grown(before, values, *key) for key in closed))
    for code in ("not_json", "no_such_message", "no_such_room"):
        assert grown(before, after, "signalbox_refusals_total", code) == 1
    assert [grown(before, after, *key) for key in closed] == [1, 1]
    after = await until(stack, lambda values: values["signalbox_workers", "chat"] == 1, 20)
    assert 0 <= after["signalbox_worker_heartbeat_age_seconds", "chat"] < 15
    assert after["signalbox_waiting_messages", "chat"] == 0


async def test_what_waits_for_a_worker_is_shown_while_there_is_none(stack: Stack) -> None:
    cookie = await asyncio.to_thread(stack.sign_in, "alice")
    await asyncio.to_thread(stack.supervisorctl, "stop", "worker-chat")
    try:
        async with await knock(stack.url, "lobby", cookie) as socket:
            await hear(socket, "welcome")
            await socket.send(json.dumps({"message": "later"}))
            values = await until(stack, lambda values: values["signalbox_waiting_messages", "chat"] == 1)
            assert values["signalbox_workers", "chat"] == 0
            await asyncio.to_thread(stack.supervisorctl, "start", "worker-chat")
            await hear(socket, "message.posted")
    finally:
        await asyncio.to_thread(stack.supervisorctl, "start", "worker-chat")
    await until(stack, lambda values: values["signalbox_workers", "chat"] == 1)


async def test_runs_are_counted_by_how_they_end(stack: Stack) -> None:
    file = stack.root / "metered.toml"
    before = await asyncio.to_thread(scrape, stack)
    for status in (0, 3):
        file.write_text(f'[metered]\ncommand = ["sh", "-c", "echo four; exit {status}"]\n')
        await asyncio.to_thread(stack.manage, "loadservices", str(file))
        done = await asyncio.to_thread(stack.run, ".venv/bin/python", "manage.py", "run", "metered", "--follow")
        assert done.returncode == status, done.stderr
    once = [("signalbox_runs_ended_total", state) for state in ("succeeded", "failed")]
    after = await until(stack, lambda values: all(grown(before, values, *key) for key in once))
    assert [grown(before, after, *key) for key in once] == [1, 1]
    assert grown(before, after, "signalbox_run_bytes_total") == 10
    assert grown(before, after, "signalbox_run_wait_seconds_count") == 2
    assert 0 < grown(before, after, "signalbox_run_wait_seconds_sum") < 20
    assert (after["signalbox_runs", "queued"], after["signalbox_runs", "running"]) == (0, 0)


@pytest.fixture
def token(stack: Stack) -> Iterator[str]:
    """Read from the settings by uwsgi's next workers."""
    file, token = stack.root / "var/signalbox.env", "not-to-be-found-in-any-log"
    before = file.read_text()
    file.write_text(configure.changed(before, {"SIGNALBOX_METRICS_TOKEN": token}))
    roll.reload_web(stack.root, stack.pid("web"))
    yield token
    file.write_text(before)  # the next reload forgets the token


def test_whoever_comes_from_elsewhere_needs_the_token(stack: Stack, token: str) -> None:
    forwarded = {"X-Forwarded-For": "192.0.2.1"}  # sent by a proxy that nginx does not know

    def ask(path: str = "/metrics", **headers: str) -> tuple[int, str]:
        status, _, text = stack.get(path, forwarded | headers)
        return status, text

    assert ask() == (403, "")
    assert ask(Authorization="Bearer wrong-but-as-long-as-it-is") == (403, "")
    assert ask(f"/metrics?token={token}") == (403, "")
    status, text = ask(Authorization=f"Bearer {token}")
    assert status == 200
    assert "signalbox_layer_up 1.0" in text
    assert token not in stack.log("nginx.access") + stack.log("web")
