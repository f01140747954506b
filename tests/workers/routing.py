"""Consumers for tests: they record their work in lists in Redis."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import django
from channels.consumer import AsyncConsumer
from channels.layers import get_channel_layer
from channels.routing import ChannelNameRouter, ProtocolTypeRouter
from django.db import InterfaceError, OperationalError, connection, transaction

django.setup()

from consumers.workers import worker  # noqa: E402
from consumers.workers.base import WorkerConsumer  # noqa: E402

FULL_TRIES = 20  # more than two items get that fail by themselves, together and each alone


async def note(text: str) -> int:
    """Record `text`; return the number of times that it was recorded."""
    redis = get_channel_layer("work").connection(0)
    await redis.rpush("noted", text)
    return int(await redis.incr(f"count:{text}"))


class Batches(WorkerConsumer):
    """A consumer that fails as its items say."""

    max_messages = 10

    async def handle(self, items: Sequence[dict[str, Any]]) -> None:
        probes = [item["probe"] for item in items]
        if "poison" in probes:
            await note("tried poison")
            raise ValueError("poison")
        if "missing file" in probes:
            await asyncio.to_thread(Path("/nowhere/at/all").read_text)
        if "too slow" in probes:
            raise OperationalError("canceling statement due to statement timeout")
        if "database away" in probes and await note("tried the database") < 4:
            raise InterfaceError("the database is away")
        if "disk full" in probes and await note("tried to store") < FULL_TRIES:
            _raise_full()
        for probe in probes:
            if probe.startswith("slow"):
                await note(f"began {probe}")
                while not await get_channel_layer("work").connection(0).exists("go"):  # noqa: ASYNC110 - Redis has no event for that
                    await asyncio.sleep(0.02)
            await note(probe)

    async def set_aside(self, item: dict[str, Any]) -> None:
        await note(f"set aside {item['probe']}")


def _raise_full() -> None:
    """Raise the error of a full disk, as Django has it: the database answers all the same."""
    worker.MAX_OUTAGE_PAUSE_SECONDS = 0.2  # many tries in a short time
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$")
        cursor.execute("PRAGMA max_page_count=1")
        cursor.execute("CREATE TABLE probe AS SELECT randomblob(100000) AS bytes")


class OneByOne(Batches):
    max_messages = 1


class Living(OneByOne):
    """A consumer with work besides messages, for as long as the worker lives."""

    async def live(self, stopping: asyncio.Event) -> None:
        await note("lives")
        await stopping.wait()
        await note("ends")


class Dying(OneByOne):
    """A consumer that fails in its work besides messages."""

    async def live(self, stopping: asyncio.Event) -> None:
        raise ValueError("no life")


class Tutorial(AsyncConsumer):
    """An ordinary consumer, as one would write it for Channels."""

    async def doctor_probe(self, message: dict[str, Any]) -> None:
        if message["probe"] == "poison":
            raise ValueError("poison")
        await asyncio.sleep(0.05)
        await note(message["probe"])


application = ProtocolTypeRouter(
    {
        "channel": ChannelNameRouter(
            {
                "batches": Batches.as_asgi(),
                "one-by-one": OneByOne.as_asgi(),
                "tutorial": Tutorial.as_asgi(),
                "living": Living.as_asgi(),
                "dying": Dying.as_asgi(),
            }
        )
    }
)
