"""The scenes: the actions of the clients, and the measurements meanwhile. Each scene returns plain numbers."""

import asyncio
import contextlib
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from benchmarks.client.crowd import TROUBLE, Crowd, Failed
from benchmarks.client.deaf import Deaf
from benchmarks.client.members import Member

Job = Mapping[str, Any]
MB = 1e6


async def steady(crowd: Crowd, scenario: Job) -> dict[str, Any]:
    """Send messages in one room, or in many."""
    await crowd.settle()
    await crowd.warm(scenario)
    print(json.dumps({"event": "speaking"}), flush=True)
    return await crowd.measure(scenario)


async def idle(crowd: Crowd, scenario: Job) -> dict[str, Any]:
    """Open many sockets that send nothing."""
    before, cpu = crowd.processes.memory(), crowd.processes.cpu()
    seconds, failed = await crowd.enter_all(scenario["at_once"])
    spent = crowd.processes.cpu()
    sockets = sum(member.inside for member in crowd.members)
    if not sockets:
        raise Failed(f"no member could connect: {failed[:1]}")
    await asyncio.sleep(3.0)  # the servers have finished the work of the handshakes
    memory, rest = crowd.processes.memory(), crowd.processes.cpu()
    await asyncio.sleep(5.0)
    resting = crowd.processes.cpu()
    return {
        "sockets": sockets,
        "failed": len(failed),
        "failures": failed[:3],
        "seconds": round(seconds, 2),
        "connections_s": round(sockets / seconds, 1),
        "cpu_us_per_connection": {name: round((spent[name] - cpu[name]) * 1e6 / sockets, 1) for name in cpu},
        "kb_per_socket": {name: round((memory[name] - before[name]) / sockets / 1024, 2) for name in memory},
        "resting_share": {name: round((resting[name] - rest[name]) / 5.0, 4) for name in rest},
    }


async def come_back(crowd: Crowd, _: Job) -> dict[str, Any]:
    """Connect all members; after the runner has killed a process, reconnect as fast as browsers may."""
    await crowd.settle()
    attempts = failures = 0
    returning: set[asyncio.Task[None]] = set()

    async def again(member: Member) -> None:
        """Reconnect with exponential backoff and full jitter, from up to 1 s to up to 5 s."""
        nonlocal attempts, failures
        most = 1.0
        for _ in range(50):
            await asyncio.sleep(random.uniform(0, most))
            most = min(5.0, most * 1.5)
            attempts += 1
            try:
                await crowd.enter(member)
                return
            except TROUBLE:
                failures += 1

    gone: set[Member] = set()

    def left(member: Member) -> None:
        if member.entered is not None and member.entered.exception() is not None:
            return  # it was not connected yet: `again` continues
        gone.add(member)
        task = asyncio.ensure_future(again(member))
        returning.add(task)
        task.add_done_callback(returning.discard)

    for member in crowd.members:
        member.on_gone = left
    print(json.dumps({"event": "ready"}), flush=True)  # the runner kills the process now
    end = time.monotonic() + 60.0
    while time.monotonic() < end:
        await asyncio.sleep(0.01)
        if gone and all(member.inside for member in crowd.members):
            break
    back = time.monotonic()
    missing = sum(not member.inside for member in crowd.members)
    crowd.clear()
    while not all(member.heard for member in crowd.members) and time.monotonic() < end:
        crowd.probe()
        await asyncio.sleep(0.25)
    hearing = time.monotonic()
    for member in crowd.members:
        member.on_gone = None
    return {
        "sockets": len(crowd.members),
        "gone": len(gone),
        "back_at": back,
        "hearing_at": hearing,
        "missing": missing,
        "deaf": sum(not member.heard for member in crowd.members),
        "attempts": attempts,
        "failed": failures,
    }


async def watch(crowd: Crowd, group: str, samples: list[tuple[float, float]]) -> None:
    """Sample the megabytes of a group of processes each half second, until cancelled."""
    began = time.monotonic()
    while True:
        samples.append((round(time.monotonic() - began, 1), round(crowd.processes.memory()[group] / MB, 2)))
        await asyncio.sleep(0.5)


async def deaf(crowd: Crowd, scenario: Job) -> dict[str, Any]:
    """Measure the same load without, and with, a client that never reads and one that sends and never reads."""
    await crowd.settle()
    found: dict[str, Any] = {}
    for name in ("without", "with"):
        await crowd.warm(scenario)
        strangers = []
        if name == "with":
            for number, says in enumerate((None, crowd.protocol.post("knock"))):
                cookie = crowd.cookies[-1 - number] if crowd.cookies else ""
                strangers.append(await Deaf.enter(crowd, cookie, says))
        samples: list[tuple[float, float]] = []
        before = crowd.processes.memory()[crowd.group] / MB
        watching = asyncio.ensure_future(watch(crowd, crowd.group, samples))
        found[name] = await crowd.measure(scenario)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        found[name] |= {
            "memory_mb": samples,
            "before_mb": round(before, 2),
            "growth_mb": round(max(value for _, value in samples) - before, 2),
            "end_growth_mb": round(samples[-1][1] - before, 2),
            "offered_mb": round(crowd.tally.messages * scenario["size"] / MB, 1),
        }
        for stranger in strangers:
            stranger.leave()
        crowd.clear()
    return found


async def flood(crowd: Crowd, scenario: Job) -> dict[str, Any]:
    """Measure the same load without, and with, a client in the same room that sends as fast as it can."""
    await crowd.settle()
    await crowd.warm(scenario)
    found: dict[str, Any] = {"without": await crowd.measure(scenario)}
    crowd.clear()
    job = {
        "url": crowd.url,
        "path": crowd.protocol.path(crowd.rooms[0].name),
        "headers": crowd.headers(crowd.cookies[-1] if crowd.cookies else ""),
        "frame": crowd.protocol.post("flood").decode(),
        "frames": scenario["frames"],
        "enter": [frame.decode() for frame in crowd.protocol.enter(crowd.rooms[0].name)],
    }
    # A process of its own, because it must not delay the clients that measure.
    flooder = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.client.flooder", json.dumps(job), stdout=asyncio.subprocess.PIPE
    )
    assert flooder.stdout is not None  # noqa: S101 - for the type checker
    try:
        await flooder.stdout.readline()  # the flood begins
        measuring = asyncio.ensure_future(crowd.measure(scenario))
        line = await flooder.stdout.readline()
        found["with"] = await measuring
        found["flood"] = json.loads(line or "{}")
    finally:
        if flooder.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                flooder.kill()
        await flooder.wait()
    return found


SCENES: dict[str, Callable[[Crowd, Job], Awaitable[dict[str, Any]]]] = {
    "steady": steady,
    "idle": idle,
    "return": come_back,
    "deaf": deaf,
    "flood": flood,
}
