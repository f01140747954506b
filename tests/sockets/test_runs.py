"""`/ws/runs/<id>/` and `/ws/deploy/<service>/` on the real stack, as docs/protocol.md has them."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.system.client import close_code, hear
from tests.system.stack import Stack

pytestmark = pytest.mark.system

COUNT = """
import sys, time
for n in range(1, int(sys.argv[1]) + 1):
    print(f"line {n} ✓", flush=True)
    time.sleep(0.02)
"""
MUCH = "import sys; [sys.stdout.write('%099d' % n + chr(10)) for n in range(200000)]"
LISTED = 'seen_by = "listed"\nviewers = ["bob"]'


class Runs:
    """Describes services, starts them from the host, and opens sockets on their runs."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    async def service(self, code: str, *arguments: str, more: str = "") -> str:
        """A new service that runs this Python."""
        uid = f"s{uuid.uuid4().hex[:8]}"
        file = self.stack.root / f"{uid}.toml"
        command = json.dumps(["python3", "-c", code, *arguments])
        file.write_text(f"[{uid}]\ncommand = {command}\nconcurrency = 10\n{more}\n")
        await asyncio.to_thread(self.stack.manage, "loadservices", str(file))
        return uid

    async def start(self, uid: str) -> str:
        return (await asyncio.to_thread(self.stack.manage, "run", uid)).split()[-1]

    @asynccontextmanager
    async def open(self, path: str, who: str = "alice", *, protocol: bool = True) -> AsyncIterator[ClientConnection]:
        cookie = await asyncio.to_thread(self.stack.sign_in, who)
        socket = await connect(
            f"{self.stack.url.replace('http', 'ws', 1)}/ws/{path}",
            additional_headers={"Cookie": cookie},
            subprotocols=[Subprotocol("signalbox.v1")] if protocol else None,
            origin=Origin(self.stack.url),
            proxy=None,
        )
        try:
            yield socket
        finally:
            await socket.close()


@pytest.fixture
def runs(stack: Stack) -> Runs:
    return Runs(stack)


async def until_the_end(
    socket: ClientConnection, *heard: dict[str, Any]
) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    """Return the output from the socket's beginning to the run's end, all frames, and the run's last state.

    `heard` came before: the run may have been over when it was shown, and nothing more is told of it then.
    """
    before = list(heard)
    said, frames, at = "", [], 0
    state: dict[str, Any] = {}
    async with asyncio.timeout(40):
        while not state.get("ended_at") or at < state["bytes"]:
            frame = before.pop(0) if before else json.loads(await socket.recv())
            frames.append(frame)
            if frame["type"] in ("run", "state"):
                state = frame["run"]
                at = frame.get("offset", at)
            elif frame["type"] == "skipped":
                assert frame["offset"] == at
                at = frame["to"]
            elif frame["type"] == "output":
                assert frame["offset"] == at, "a hole, or a repeat"
                at = frame["end"]
                said += frame["text"]
    return said, frames, state


def lines(count: int) -> str:
    return "".join(f"line {n} ✓\n" for n in range(1, count + 1))


async def test_who_stays_who_comes_late_and_who_comes_back_have_every_line_once(runs: Runs) -> None:
    uid = await runs.service(COUNT, "150")
    id = await runs.start(uid)
    async with runs.open(f"runs/{id}/") as stays:
        staying = asyncio.ensure_future(until_the_end(stays))
        async with runs.open(f"runs/{id}/?offset=0", "bob") as leaves:
            first = ""
            while len(first) < 300:
                first += (await hear(leaves, "output"))["text"]
        offset = len(first.encode())
        async with runs.open(f"runs/{id}/?offset={offset}", "bob") as back, runs.open(f"runs/{id}/") as late:
            rest, again, _ = await until_the_end(back)
            assert (await until_the_end(late))[0] == lines(150)
        assert first + rest == lines(150)
        assert [frame["offset"] for frame in again if frame["type"] == "run"] == [offset]
        said, _, state = await staying
    assert said == lines(150)
    assert (state["state"], state["lines"]) == ("succeeded", 150)
    async with runs.open(f"runs/{id}/?offset=0", "charlie") as after:
        assert (await until_the_end(after))[0] == lines(150)


async def test_a_service_shows_its_newest_run_and_switches_to_the_next(runs: Runs) -> None:
    uid = await runs.service(COUNT, "40")
    async with runs.open(f"deploy/{uid}/") as socket:
        assert (await hear(socket, "idle"))["service"] == uid
        first = await runs.start(uid)
        shown = await hear(socket, "run")
        assert (shown["run"]["run"], shown["switched"], shown["offset"]) == (first, True, 0)
        assert (await until_the_end(socket, shown))[0] == lines(40)
        second = await runs.start(uid)
        next_shown = await hear(socket, "run")
        assert (next_shown["run"]["run"], next_shown["run"]["number"]) == (second, 2)
        async with runs.open(f"deploy/{uid}/?run={first}&offset=20") as other:
            shown = await hear(other, "run")
            assert shown["run"]["run"] == second
            assert shown["offset"] == 0, "the offset was meant for another run"
            assert (await until_the_end(other, shown))[0] == lines(40)
        assert (await until_the_end(socket, next_shown))[0] == lines(40)


async def test_a_client_without_subprotocol_hears_texts_and_what_scripts_put_on_the_service(runs: Runs) -> None:
    uid = await runs.service(COUNT, "3")
    async with runs.open(f"deploy/{uid}/", protocol=False) as console:
        code = f"from proj.layer import send_channel_msg; send_channel_msg({uid!r}, 'from a script')"
        await asyncio.to_thread(runs.stack.manage, "shell", "-c", code)
        assert json.loads(await asyncio.wait_for(console.recv(), 30)) == {"message": "from a script"}
        await runs.start(uid)
        said = ""
        while said.count("\n") < 3:
            heard = json.loads(await asyncio.wait_for(console.recv(), 30))
            assert set(heard) == {"message"}
            said += heard["message"] + "\n"
        assert said == lines(3)


async def test_who_may_not_see_a_service_finds_nothing_there(runs: Runs) -> None:
    await asyncio.to_thread(runs.stack.sign_in, "bob")
    uid = await runs.service(COUNT, "1", more=LISTED)
    id = await runs.start(uid)
    for path in (f"runs/{id}/", f"deploy/{uid}/", f"runs/{uuid.uuid4()}/", "deploy/nothing/"):
        async with runs.open(path, "alice") as socket:
            error = await hear(socket, "error")
            assert error["code"] in ("no_such_run", "no_such_service")
            assert await close_code(socket) == 4404
    async with runs.open(f"runs/{id}/", "bob") as socket:
        assert (await hear(socket, "run"))["run"]["service"] == uid


async def test_who_may_not_see_a_service_any_more_is_closed(runs: Runs) -> None:
    for who in ("alice", "bob"):
        await asyncio.to_thread(runs.stack.sign_in, who)
    uid = await runs.service(COUNT, "1", more=LISTED)
    async with runs.open(f"deploy/{uid}/", "bob") as socket, runs.open("chat/lobby/", "bob") as room:
        await hear(socket, "idle")
        await hear(room, "welcome")
        code = f"from proj.runs.models import Service; Service.objects.get(uid={uid!r}).viewers.clear()"
        await asyncio.to_thread(runs.stack.manage, "shell", "-c", code)
        assert await close_code(socket) == 4403
        await room.send("nonsense")
        assert await hear(room, "error")


async def test_who_reads_slowly_skips_along_and_who_comes_late_begins_near_the_end(runs: Runs) -> None:
    uid = await runs.service(MUCH)
    async with runs.open(f"deploy/{uid}/") as slow, runs.open(f"deploy/{uid}/") as quick:
        await hear(slow, "idle")
        id = await runs.start(uid)
        await until_the_end(quick)  # the slow one reads nothing meanwhile
        _, frames, state = await until_the_end(slow)
    assert state["bytes"] == 20_000_000
    skipped = [frame for frame in frames if frame["type"] == "skipped"]
    assert skipped
    for frame in skipped:
        assert frame["line"] == frame["to"] // 100 + 1
    async with runs.open(f"runs/{id}/?offset=0") as late:
        shown = await hear(late, "run")
        assert shown["line"] == shown["offset"] // 100 + 1
        assert 0 < state["bytes"] - shown["offset"] < 1_000_000


async def test_a_browser_that_talks_on_is_closed(runs: Runs) -> None:
    uid = await runs.service(COUNT, "1")
    async with runs.open(f"deploy/{uid}/") as socket:
        for _ in range(12):
            await socket.send("nonsense")
        assert await close_code(socket) == 4400
