"""The example of Channels 1.x code on the whole stack: ./deploy/up, nginx, interfaces, workers under supervisord."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from tests.conftest import wait_for
from tests.system.stack import Stack

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def example() -> Iterator[Stack]:
    stack = Stack()
    code = stack.root / "deploy" / "examples" / "channels1"
    stack.configure(
        SIGNALBOX_CHANNEL_ROUTING="tutorial_chat.routing.channel_routing",
        SIGNALBOX_CHANNEL_CODE=str(code),
        SIGNALBOX_CHANNEL_APPS="tutorial_chat",
    )
    stack.start()
    yield stack
    stack.stop()


def knock(stack: Stack, room: str, cookie: str = "") -> connect:
    return connect(
        f"{stack.url.replace('http', 'ws', 1)}/channel/{room}/",
        additional_headers={"Cookie": cookie} if cookie else {},
        origin=Origin(stack.url),
        open_timeout=30,
        proxy=None,
    )


async def hears(socket: ClientConnection, *texts: str) -> None:
    assert [str(await asyncio.wait_for(socket.recv(), 20)) for _ in texts] == list(texts)


async def test_people_talk_and_no_socket_closes_while_the_workers_restart(example: Stack) -> None:
    cookies = await asyncio.to_thread(example.sign_in_all, ["alice", "bob"])
    async with knock(example, "ops", cookies["alice"]) as alice:
        await hears(alice, "alice came in")
        async with knock(example, "ops", cookies["bob"]) as bob, knock(example, "elsewhere", cookies["bob"]) as other:
            await hears(alice, "bob came in")
            await hears(bob, "bob came in")
            await hears(other, "bob came in")
            await bob.send("hello")
            for socket in (alice, bob):
                await hears(socket, "bob (1): hello")
            before = example.pids()
            await asyncio.to_thread(example.restart, "channels")
            await bob.send("and again")
            for socket in (alice, bob):
                await hears(socket, "bob (2): and again")
            after = await asyncio.to_thread(example.pids)
            assert all(before[name] != after[name] for name in ("channels_0", "channels_1"))
        await hears(alice, "bob went out")


async def test_nobody_is_let_in_by_the_consumer(example: Stack) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with knock(example, "ops"):
            pass
    assert refused.value.response.status_code == 403


def metrics(stack: Stack) -> dict[str, float]:
    """Return the samples of Channels 1.x code, by name and labels."""
    lines = [line.rpartition(" ") for line in stack.get("/metrics")[2].splitlines() if not line.startswith("#")]
    return {name.removeprefix("signalbox_"): float(value) for name, _, value in lines}


async def test_handshakes_and_turns_are_counted(example: Stack) -> None:
    """After the tests above: some sockets were accepted, one was denied, and both workers beat."""

    async def shown(name: str, value: float) -> None:
        await asyncio.to_thread(wait_for, lambda: metrics(example).get(name) == value, 20, f"{name} {value}")

    await shown('turns_in_flight{process="interface_0"}', 0)
    await shown('turns_in_flight{process="interface_1"}', 0)
    await shown('workers{channel="channels"}', 2)
    found = metrics(example)
    assert found['turns_total{result="done"}'] >= 9
    assert found['channel_handshakes_total{result="accepted"}'] == 3
    assert found['channel_handshakes_total{result="denied"}'] == 1
    await asyncio.to_thread(example.supervisorctl, "stop", "channels:*")
    knocking = asyncio.ensure_future(refusal(example))
    try:
        await shown('waiting_turns{channel="websocket.connect"}', 1)
        assert 0 <= metrics(example)['oldest_waiting_turn_age_seconds{channel="websocket.connect"}'] < 30
        assert await knocking == 403
        await shown('channel_handshakes_total{result="undecided"}', 1)
    finally:
        await asyncio.to_thread(example.run, ".venv/bin/python", "-m", "deploy.roll", "start")


async def refusal(stack: Stack) -> int:
    with pytest.raises(InvalidStatus) as refused:
        async with knock(stack, "ops"):
            pass
    return refused.value.response.status_code


def test_the_doctor_is_green_with_the_workers_of_the_example(example: Stack) -> None:
    example.wait_green()


def code(stack: Stack) -> Path:
    return stack.root / "deploy" / "examples" / "channels1" / "tutorial_chat" / "consumers.py"


def states(stack: Stack) -> dict[str, str]:
    run = stack.run(".venv/bin/python", "manage.py", "doctor", "--json")
    return {finding["step"]: finding["state"] for finding in json.loads(run.stdout)}


async def test_broken_code_stops_nothing_and_mended_code_comes_up(example: Stack) -> None:
    """The running workers keep the code that they have; those that start wait, and no socket closes."""
    cookies = await asyncio.to_thread(example.sign_in_all, ["alice"])
    good = code(example).read_text()
    sentence = f"{code(example)}, line 1: SyntaxError: expected ':'; correct it, then run ./deploy/up"
    async with knock(example, "mended", cookies["alice"]) as alice:
        await hears(alice, "alice came in")
        before = example.pids()
        code(example).write_text("def connect(message)\n")
        done = await asyncio.to_thread(example.run, "./deploy/up")
        assert done.returncode == 1
        assert sentence in done.stderr
        assert f"Signalbox is up: {example.url}/" not in done.stdout
        assert example.pids() == before
        await alice.send("still the old code")
        await hears(alice, "alice (1): still the old code")

        await asyncio.to_thread(example.restart, "channels")
        await asyncio.to_thread(wait_for, lambda: example.log("channels_0").count(sentence) == 1, 30, "the sentence")
        waiting = example.pids()
        found = await asyncio.to_thread(states, example)
        assert (found["channels code"], found["channels workers"], found["message"]) == ("red", "red", "green")
        assert found["program channels:channels_0"] != "red"
        await alice.send("to workers that wait")
        code(example).write_text(good.replace("({number})", "<{number}>"))
        await hears(alice, "alice <2>: to workers that wait")
        assert example.pids() == waiting


async def test_only_changed_code_restarts_its_workers(example: Stack) -> None:
    cookies = await asyncio.to_thread(example.sign_in_all, ["alice"])
    async with knock(example, "changed", cookies["alice"]) as alice:
        await hears(alice, "alice came in")
        before = example.pids()
        code(example).write_text(code(example).read_text() + "# changed\n")
        await asyncio.to_thread(example.start)
        after = example.pids()
        assert {name for name in before if before[name] != after[name]} == {"channels_0", "channels_1"}
        await alice.send("hello")
        assert str(await asyncio.wait_for(alice.recv(), 20)).endswith(": hello")


@pytest.mark.by_hand
async def test_a_new_version_of_signalbox_comes_up_beside_broken_code(example: Stack) -> None:
    good, before = code(example).read_text(), example.pids()
    code(example).write_text("1/0\n")
    file = example.root / "proj" / "wsgi.py"
    file.write_text(file.read_text() + "# changed\n")
    try:
        done = await asyncio.to_thread(example.run, "./deploy/up")
        after = example.pids()
        assert done.returncode == 1
        assert {name for name in before if before[name] == after[name]} == {
            "redis",
            "nginx",
            "web",
            "channels_0",
            "channels_1",
        }
        done = await asyncio.to_thread(example.run, "./deploy/restart")
        assert done.returncode == 3
        assert "channels:channels_0 waits: the routing tutorial_chat.routing.channel_routing" in done.stderr
        last = example.pids()
        assert [last[name] == after[name] for name in ("interface_0", "worker-chat", "channels_1")] == [
            False,
            False,
            True,
        ]
        assert example.get("/sign-in/")[0] == 200
    finally:
        code(example).write_text(good)
        await asyncio.to_thread(example.start)
    example.wait_green()
    mended = example.pids()
    await asyncio.to_thread(example.start)
    assert example.pids() == mended
