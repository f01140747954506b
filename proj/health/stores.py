"""The database, Redis, and the two channel layers."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from channels.layers import get_channel_layer
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from proj.health.report import Observation, Walk, green, red, yellow

T = TypeVar("T")
LAYER_TIMEOUT_SECONDS = 5
MIN_REDIS_VERSION = (6, 2)  # older versions lack commands that the layers use
SLOW_REDIS_SECONDS = 0.02
ECHO_RETRY_SECONDS = 0.5
YELLOW_SKEW_SECONDS = 1
RED_SKEW_SECONDS = 10


class NoAnswer(Exception):
    """Redis did not answer within LAYER_TIMEOUT_SECONDS."""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """The product, its version, its rule for a full memory, and the best of five round trips in seconds."""

    name: str
    version: str
    policy: str
    latency: float

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version's first two numbers."""
        return tuple(int(part) for part in self.version.split(".")[:2])


def _ask(question: Coroutine[Any, Any, T]) -> T:
    """Run `question` on an event loop of its own. The layers close their connections with the loop."""

    async def limited() -> T:
        try:
            async with asyncio.timeout(LAYER_TIMEOUT_SECONDS):
                return await question
        except TimeoutError:
            raise NoAnswer(f"Timed out after {LAYER_TIMEOUT_SECONDS} s.") from None

    return asyncio.run(limited())


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def database_writable(_: Walk) -> Iterator[Observation]:
    """Check that the database is reachable and migrated, and that a row can be written (it is rolled back)."""
    where = "var/signalbox.sqlite3" if connection.vendor == "sqlite" else "DATABASE_URL"
    try:
        connection.ensure_connection()
        version = ".".join(str(part) for part in connection.get_database_version())
    except Exception as error:
        # The driver's error is one sentence, without the password.
        advice = f"Check that the database runs and that {where} names it."
        yield red(f"{connection.display_name}: {error}".strip(), advice)
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
        advice = f"Check disk space and permissions of {where}."
        yield red(f"{connection.display_name} {version} takes no writes: {error}", advice)
        return
    yield green(f"{connection.display_name} {version}, migrated, wrote in {_ms(time.perf_counter() - since)}")


def redis_fit(_: Walk) -> Iterator[Observation]:
    """Check that Redis answers quickly, is new enough, and never evicts messages."""
    try:
        server = _ask(_about_redis())
    except Exception as error:
        yield red(f"Redis does not answer: {error}", "Run: supervisorctl start redis (or correct REDIS_URL)")
        return
    saw = f"{server.name} {server.version}, {server.policy}, {_ms(server.latency)} a round trip"
    if server.numbers < MIN_REDIS_VERSION:
        yield red(saw, "Install Redis 6.2 or newer, or Valkey.")
    elif server.policy != "noeviction":
        yield red(saw, "Set maxmemory-policy to noeviction: any other policy evicts messages that wait.")
    elif server.latency > SLOW_REDIS_SECONDS:
        yield yellow(saw, "Redis answers slowly: check the host's load and the network to Redis.")
    else:
        yield green(saw)


async def _about_redis() -> ServerInfo:
    redis = get_channel_layer("work").connection(0)
    info = await redis.info()
    best = float("inf")
    for _ in range(5):
        since = time.perf_counter()
        await redis.ping()
        best = min(best, time.perf_counter() - since)
    name, key = ("Valkey", "valkey_version") if "valkey_version" in info else ("Redis", "redis_version")
    return ServerInfo(name, str(info[key]), info.get("maxmemory_policy", "unknown"), best)


def clocks_agree(_: Walk) -> Iterator[Observation]:
    """Compare the clocks of this host and of Redis: messages are dropped by age, and leases end by the clock."""
    skew = _ask(_skew())
    saw = f"this host is {abs(skew):.3f} s {'ahead of' if skew > 0 else 'behind'} Redis"
    advice = "Let both hosts keep time by NTP: systemctl status chronyd (or systemd-timesyncd)."
    if abs(skew) > RED_SKEW_SECONDS:
        yield red(saw, advice)
    elif abs(skew) > YELLOW_SKEW_SECONDS:
        yield yellow(saw, advice)
    else:
        yield green(saw)


async def _skew() -> float:
    """Return the seconds by which this host's clock is ahead of the clock of Redis."""
    redis = get_channel_layer("work").connection(0)
    await redis.ping()  # connects before the measurement
    before = time.time()
    seconds, microseconds = await redis.time()
    skew: float = (before + time.time()) / 2 - (seconds + microseconds / 1e6)
    return skew


def frames_travel(_: Walk) -> Iterator[Observation]:
    """Send a message to a group through the layer of frames, and receive it on a channel of the group."""
    yield green(f"a message to a group came back in {_ms(_ask(_frame_and_back()))}")


async def _frame_and_back() -> float:
    layer = get_channel_layer("default")
    group = f"doctor.{uuid4().hex}"
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    # A subscription is not confirmed, and the first message may overtake it: only the second message is timed.
    await _echo(layer, group, channel)
    duration = await _echo(layer, group, channel)
    await layer.group_discard(group, channel)
    return duration


async def _echo(layer: Any, group: str, channel: str) -> float:
    """Send to the group until a message comes back; return the last round trip in seconds."""
    nonce = uuid4().hex
    received = asyncio.ensure_future(layer.receive(channel))
    try:
        while True:
            since = time.perf_counter()
            await layer.group_send(group, {"type": "doctor.frame", "nonce": nonce})
            if not (await asyncio.wait({received}, timeout=ECHO_RETRY_SECONDS))[0]:
                continue
            if received.result().get("nonce") == nonce:
                return time.perf_counter() - since
            received = asyncio.ensure_future(layer.receive(channel))  # that one was late: it is of an earlier attempt
    finally:
        received.cancel()


def work_travels(_: Walk) -> Iterator[Observation]:
    """Send a message to a named channel, and receive it there."""
    yield green(f"a message to a named channel came back in {_ms(_ask(_work_and_back()))}")


async def _work_and_back() -> float:
    layer = get_channel_layer("work")
    channel, nonce = f"doctor.{uuid4().hex}", uuid4().hex
    since = time.perf_counter()
    await layer.send(channel, {"type": "doctor.work", "nonce": nonce})
    message = await layer.receive(channel)
    if message.get("nonce") != nonce:
        raise ValueError(f"another message came back: {message}")
    return time.perf_counter() - since
