"""All clients of a scene: connect them, let them send, and wait until all deliveries have arrived."""

import asyncio
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from picows import WSError, ws_connect

from benchmarks.client.clocks import Processes, machine_cpu, own_cpu
from benchmarks.client.members import Member, Room, Tally, quantiles
from benchmarks.client.protocols import PROTOCOLS
from benchmarks.scenarios import room_name

TROUBLE = (OSError, TimeoutError, WSError, EOFError)
HANDSHAKE_TIMEOUT_SECONDS = 30.0


class Failed(Exception):
    """Raised when a scene cannot be measured."""


class Crowd:
    """All clients of one job from the runner.

    The job has the url, the protocol, cookies, processes (pids by group), the group that holds the sockets, and the
    scenario.
    """

    def __init__(self, job: Mapping[str, Any]) -> None:
        scenario = job["scenario"]
        self.url: str = job["url"]
        self.processes = Processes(job["processes"])
        self.group: str = job["group"]
        self.protocol = PROTOCOLS[job["protocol"]]()
        self.cookies: list[str] = job["cookies"]
        self.tally = Tally()
        self.rooms: list[Room] = []
        self.members: list[Member] = []
        pad = "x" * (scenario.get("size", 100) - 10)
        for number in range(scenario["members"]):
            if number % scenario["per_room"] == 0:
                self.rooms.append(Room(room_name(len(self.rooms))))
            cookie = self.cookies[number % len(self.cookies)] if self.cookies else ""
            member = Member(self.rooms[-1], self.tally, self.protocol, cookie, pad)
            self.rooms[-1].members.append(member)
            self.members.append(member)

    def clear(self) -> None:
        """Reset the counts of messages and deliveries."""
        self.tally.clear()
        for room in self.rooms:
            room.clear()

    # connecting

    def headers(self, cookie: str) -> dict[str, str]:
        headers = {"Origin": self.url}
        if cookie:
            headers["Cookie"] = cookie
        if self.protocol.subprotocol:
            headers["Sec-WebSocket-Protocol"] = self.protocol.subprotocol
        return headers

    async def enter(self, member: Member) -> None:
        """Connect, and wait until the member is in its room. Raise one of TROUBLE when that fails."""
        member.entered = asyncio.get_running_loop().create_future()
        address = self.url.replace("http", "ws", 1) + self.protocol.path(member.room.name)
        async with asyncio.timeout(HANDSHAKE_TIMEOUT_SECONDS):
            await ws_connect(
                lambda: member,
                address,
                extra_headers=self.headers(member.cookie),
                websocket_handshake_timeout=HANDSHAKE_TIMEOUT_SECONDS,
            )
            await member.entered

    async def enter_all(self, at_once: int = 20) -> tuple[float, list[str]]:
        """Connect all members, `at_once` at a time, with three tries each; return the seconds and failed handshakes."""
        waiting = iter(self.members)
        failed: list[str] = []

        async def usher() -> None:
            for member in waiting:
                for _ in range(3):
                    try:
                        await self.enter(member)
                        break
                    except TROUBLE as error:
                        failed.append(repr(error)[:200])
                        await asyncio.sleep(0.05)

        began = time.monotonic()
        await asyncio.gather(*(usher() for _ in range(at_once)))
        return time.monotonic() - began, failed

    async def settle(self, limit: float = 20.0) -> None:
        """Connect all members, and wait until each one receives the messages of its room. Raise Failed otherwise."""
        _, failed = await self.enter_all()
        if failed:
            raise Failed(f"{len(failed)} handshakes failed, the first with {failed[0]}")
        end = time.monotonic() + limit
        while not all(member.heard for member in self.members):
            if time.monotonic() > end:
                raise Failed(f"{sum(not member.heard for member in self.members)} members hear nothing")
            self.probe()
            await asyncio.sleep(0.5)
        await self.drain(5.0)
        await asyncio.sleep(0.3)
        self.clear()

    def probe(self) -> None:
        """Send one message to each room."""
        for room in self.rooms:
            speaker = next((member for member in room.members if member.inside), None)
            if speaker is not None:
                speaker.say()

    # sending

    def speakers(self, count: int) -> list[Member]:
        """Return `count` senders, in random order, so that rooms take turns."""
        chosen = self.members[:count]
        random.Random(1).shuffle(chosen)
        return chosen

    async def steadily(self, speakers: Sequence[Member], rate: float, seconds: float) -> float:
        """Send `rate` messages a second in all, on a fixed schedule; return the longest delay of one, in seconds."""
        began = time.monotonic()
        total = round(rate * seconds)
        said = 0
        late = 0.0
        while said < total:
            passed = time.monotonic() - began
            while said < total and said / rate <= passed:
                late = max(late, passed - said / rate)
                speakers[said % len(speakers)].say()
                said += 1
            await asyncio.sleep(max(0.0, said / rate - (time.monotonic() - began)))
        return late

    async def flat_out(self, speakers: Iterable[Member], window: int, seconds: float) -> float:
        """Keep `window` messages of each sender in flight; return the seconds without progress."""
        speaking = True
        done = 0

        def complete(speaker: Member) -> None:
            nonlocal done
            done += 1
            if speaking:
                speaker.say()

        self.tally.on_complete = complete
        for speaker in speakers:
            for _ in range(window):
                speaker.say()
        end = time.monotonic() + seconds
        stalled = 0.0
        while time.monotonic() < end:
            before = done
            await asyncio.sleep(min(2.0, max(0.01, end - time.monotonic())))
            if done == before and time.monotonic() < end:  # the messages in flight are lost
                stalled += 2.0
                for speaker in speakers:
                    speaker.say()
        speaking = False
        return stalled

    async def drain(self, limit: float) -> None:
        """Wait until all deliveries have arrived, at most `limit` seconds."""
        end = time.monotonic() + limit
        while time.monotonic() < end and len(self.tally.latencies) < self.tally.expected:  # noqa: ASYNC110 - a count
            await asyncio.sleep(0.02)

    async def speak(self, scenario: Mapping[str, Any], seconds: float) -> float:
        """Send as the scenario describes; return the seconds of delay or of standstill."""
        speakers = self.speakers(scenario["senders"])
        if "window" in scenario:
            return await self.flat_out(speakers, scenario["window"], seconds)
        return await self.steadily(speakers, scenario["rate"], seconds)

    # measuring

    async def warm(self, scenario: Mapping[str, Any]) -> None:
        await self.speak(scenario, scenario["warm"])
        await self.drain(10.0)
        await asyncio.sleep(0.3)
        self.clear()

    async def measure(self, scenario: Mapping[str, Any]) -> dict[str, Any]:
        """Send, drain and count; the CPU is that of both."""
        before, own, machine, began = self.processes.cpu(), own_cpu(), machine_cpu(), time.monotonic()
        trouble = await self.speak(scenario, scenario["seconds"])
        in_time, spoken = len(self.tally.latencies), time.monotonic() - began
        await self.drain(10.0)
        took = time.monotonic() - began
        after = self.processes.cpu()
        deliveries = len(self.tally.latencies)
        cost = {name: after[name] - before[name] for name in after}
        behind = sum(value for name, value in cost.items() if name != "nginx")
        return {
            "deliveries": deliveries,
            "messages": self.tally.messages,
            "lost": self.tally.expected - deliveries,
            "doubled": self.tally.doubled,
            "out_of_order": self.tally.out_of_order,
            "closes": dict(self.tally.closes),
            "seconds": round(took, 3),
            "deliveries_s": round(in_time / spoken, 1),
            "cpu_us": round(sum(cost.values()) * 1e6 / deliveries, 3) if deliveries else None,
            "behind_nginx_us": round(behind * 1e6 / deliveries, 3) if deliveries else None,
            "cpu_us_by": {name: round(value * 1e6 / deliveries, 3) for name, value in cost.items()}
            if deliveries
            else {},
            "cpu_share": {name: round(value / took, 3) for name, value in cost.items()},
            "latency_ms": quantiles(self.tally.latencies),
            "client_share": round((own_cpu() - own) / took, 3),  # of one core
            "machine_cores": round((machine_cpu() - machine) / took, 3),
            "late_or_stalled_s": round(trouble, 4),
        }
