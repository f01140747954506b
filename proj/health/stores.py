"""Where things are kept and carried: the database, Redis, and the two channel layers."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar
from uuid import uuid4

from channels.layers import get_channel_layer
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from proj.health.report import Seen, Walk, green, red, yellow

T = TypeVar("T")
PATIENCE = 5  # seconds for one question to Redis
OLDEST = (6, 2)  # Redis before it lacks commands that the layers use


class NoAnswer(Exception):
    """There was no answer in time."""


def _ask(question: Coroutine[Any, Any, T]) -> T:
    """Run `question` on a loop of its own. The layers close their connections with the loop."""

    async def patiently() -> T:
        try:
            async with asyncio.timeout(PATIENCE):
                return await question
        except TimeoutError:
            raise NoAnswer(f"no answer within {PATIENCE} s") from None

    return asyncio.run(patiently())


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def database_writable(_: Walk) -> Iterator[Seen]:
    """Reachable, migrated, and a row can be written (and is rolled back)."""
    where = "var/signalbox.sqlite3" if connection.vendor == "sqlite" else "DATABASE_URL"
    try:
        connection.ensure_connection()
        version = ".".join(str(part) for part in connection.get_database_version())
    except Exception as error:
        # What is wrong with a database connection is one sentence of the driver, without the password.
        yield red(
            f"{connection.display_name}: {error}".strip(), f"See that the database runs and that {where} names it."
        )
        return
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        yield red(f"{len(missing)} migrations are missing, first {missing[0][0]}", "Run: manage.py migrate")
        return
    since = time.perf_counter()
    try:
        with transaction.atomic():
            Session.objects.create(session_key=f"doctor{uuid4().hex[:26]}", session_data="", expire_date=timezone.now())
            transaction.set_rollback(True)
    except Exception as error:
        yield red(
            f"{connection.display_name} {version} takes no writes: {error}",
            f"See disk space and permissions of {where}.",
        )
        return
    yield green(f"{connection.display_name} {version}, migrated, wrote in {_ms(time.perf_counter() - since)}")


def redis_fit(_: Walk) -> Iterator[Seen]:
    """Redis answers, is new enough, quick, and never throws away what it holds."""
    try:
        info, latency = _ask(_about_redis())
    except Exception as error:
        yield red(f"Redis does not answer: {error}", "Run: supervisorctl start redis (or see that REDIS_URL is right)")
        return
    name, version = ("Valkey", info["valkey_version"]) if "valkey_version" in info else ("Redis", info["redis_version"])
    policy = info.get("maxmemory_policy", "unknown")
    saw = f"{name} {version}, {policy}, {_ms(latency)} a question"
    numbers = tuple(int(part) for part in str(version).split(".")[:2])
    if numbers < OLDEST:
        yield red(saw, "Install Redis 6.2 or newer, or Valkey.")
    elif policy != "noeviction":
        yield red(saw, "Set maxmemory-policy to noeviction: anything else throws away messages that wait.")
    elif latency > 0.02:
        yield yellow(saw, "Redis is slow to answer: look at the host's load and at the network to Redis.")
    else:
        yield green(saw)


async def _about_redis() -> tuple[dict[str, Any], float]:
    """INFO, and the best of five round trips in seconds."""
    redis = get_channel_layer("work").connection(0)
    info = await redis.info()
    best = float("inf")
    for _ in range(5):
        since = time.perf_counter()
        await redis.ping()
        best = min(best, time.perf_counter() - since)
    return info, best


def clocks_agree(_: Walk) -> Iterator[Seen]:
    """Messages that wait are dropped by age, and leases end by the clock: hosts must agree on the time."""
    skew = _ask(_skew())
    saw = f"this host is {abs(skew):.3f} s {'ahead of' if skew > 0 else 'behind'} Redis"
    advice = "Let both hosts keep time by NTP: systemctl status chronyd (or systemd-timesyncd)."
    if abs(skew) > 10:
        yield red(saw, advice)
    elif abs(skew) > 1:
        yield yellow(saw, advice)
    else:
        yield green(saw)


async def _skew() -> float:
    """Seconds that this host's clock is ahead of Redis'."""
    redis = get_channel_layer("work").connection(0)
    await redis.ping()  # the connection is made before time is taken
    before = time.time()
    seconds, microseconds = await redis.time()
    skew: float = (before + time.time()) / 2 - (seconds + microseconds / 1e6)
    return skew


def frames_travel(_: Walk) -> Iterator[Seen]:
    """The layer of frames: a message to a group reaches a channel in it."""
    yield green(f"a message to a group and back in {_ms(_ask(_frame_and_back()))}")


async def _frame_and_back() -> float:
    layer = get_channel_layer("default")
    group = f"doctor.{uuid4().hex}"
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    # Subscribing is not confirmed, and the first message may be quicker than it: the second one is timed.
    await _echo(layer, group, channel)
    took = await _echo(layer, group, channel)
    await layer.group_discard(group, channel)
    return took


async def _echo(layer: Any, group: str, channel: str) -> float:
    """Send to the group until it comes back; how long that took the last time, in seconds."""
    nonce = uuid4().hex
    received = asyncio.ensure_future(layer.receive(channel))
    try:
        while True:
            since = time.perf_counter()
            await layer.group_send(group, {"type": "doctor.frame", "nonce": nonce})
            if not (await asyncio.wait({received}, timeout=0.5))[0]:
                continue
            if received.result().get("nonce") == nonce:
                return time.perf_counter() - since
            received = asyncio.ensure_future(layer.receive(channel))  # an earlier one that came late
    finally:
        received.cancel()


def work_travels(_: Walk) -> Iterator[Seen]:
    """The layer of named channels: what is sent is received."""
    yield green(f"a message to a named channel and back in {_ms(_ask(_work_and_back()))}")


async def _work_and_back() -> float:
    layer = get_channel_layer("work")
    channel, nonce = f"doctor.{uuid4().hex}", uuid4().hex
    since = time.perf_counter()
    await layer.send(channel, {"type": "doctor.work", "nonce": nonce})
    message = await layer.receive(channel)
    if message.get("nonce") != nonce:
        raise ValueError(f"another message came back: {message}")
    return time.perf_counter() - since
