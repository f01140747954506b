"""What `/metrics` shows: the files of all processes added up, and what Redis and the database know at this moment."""

import configparser
import logging
import shlex
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Count
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from proj.layer import heartbeat, loop
from proj.metrics import keeping
from proj.runs import counting
from proj.runs.models import Run
from proj.runs.states import ACTIVE

logger = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds that a scrape waits for Redis
FRESH = 15.0  # seconds; workers beat every 5
RUNS_ENDED = "signalbox_runs_ended"  # to which Prometheus adds _total


class Kept(Collector):
    """The metrics of all processes, of those that have ended too."""

    def collect(self) -> Iterator[Metric]:
        files = [str(file) for file in keeping.files(settings.METRICS_FOLDER) if keeping.readable(file)]
        for metric in MultiProcessCollector.merge(files):  # type: ignore[no-untyped-call]
            if metric.name != RUNS_ENDED:  # processes counted them before the database did, and their files last
                yield metric


class Asked(Collector):
    """The named channels and their workers, as Redis has them."""

    def collect(self) -> Iterator[Metric]:
        up = _gauge("signalbox_layer_up", "Whether Redis answers: 1, or 0 and what it knows is missing.")
        workers = _gauge("signalbox_workers", "Workers that said within 15 seconds that they are well.", "channel")
        age = _gauge("signalbox_worker_heartbeat_age_seconds", "Age of the youngest heartbeat of a worker.", "channel")
        waiting = _gauge("signalbox_waiting_messages", "Messages that wait for a worker.", "channel")
        try:
            beats, depths = loop.run(_asked(), PATIENCE)
        except Exception as error:  # whatever it is, the rest can be shown
            logger.warning("metrics without the layer: %r", error)
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        now = time.time()
        for channel, depth in depths.items():
            ages = [max(0.0, now - beat.at) for beat in beats if beat.channel == channel]
            waiting.add_metric([channel], depth)
            workers.add_metric([channel], sum(seconds < FRESH for seconds in ages))
            if ages:
                age.add_metric([channel], min(ages))
        yield from (up, workers, age, waiting)


class Stored(Collector):
    """The runs, as the database has them: those of all hosts that share it."""

    def collect(self) -> Iterator[Metric]:
        runs = _gauge("signalbox_runs", "Runs that wait for a worker (queued), or run.", "state")
        try:
            found = dict(Run.objects.active().order_by().values_list("state").annotate(Count("pk")))
            counted = counting.ended()
        except DatabaseError as error:
            logger.warning("metrics without the runs: %r", error)
            return
        for state in sorted(ACTIVE):
            runs.add_metric([state.value], found.get(state.value, 0))
        ended = CounterMetricFamily(RUNS_ENDED, "Runs that have ended, by their last state.", labels=["state"])
        for state, number in counted.items():
            ended.add_metric([state.value], number)
        yield from (runs, ended)


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(Kept())
    registry.register(Asked())
    registry.register(Stored())
    return generate_latest(registry)


@cache
def channels() -> list[str]:
    """The named channels that supervisord.conf has workers for."""
    conf = configparser.RawConfigParser(inline_comment_prefixes=(";",), strict=False)
    conf.read(settings.BASE_DIR / "supervisord.conf")
    programs = [section for section in conf.sections() if section.startswith("program:worker-")]
    return sorted({channel for program in programs for channel in shlex.split(conf[program]["command"])[1:]})


async def _asked() -> tuple[list[heartbeat.Beat], dict[str, int]]:
    """The heartbeats, and how many messages wait on each named channel."""
    layer: Any = get_channel_layer("work")
    return await heartbeat.beats(), {channel: await layer.waiting(channel) for channel in channels()}


def _gauge(name: str, help: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help, labels=labels)
