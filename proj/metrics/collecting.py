"""The content of `/metrics`: the sums of all processes' files, and the present counts in Redis and the database."""

import configparser
import logging
import shlex
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

from channels.layers import get_channel_layer
from django.apps import apps
from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from proj.layer import heartbeat, loop
from proj.layer.heartbeat import CHANNELS1_HEARTBEAT
from proj.layer.redis.turn_backlog import WaitingTurns, backlogs
from proj.metrics import storage
from proj.metrics.prometheus_internals import summed
from proj.runs import counting
from proj.runs.models import Run
from proj.runs.states import ACTIVE

logger = logging.getLogger(__name__)

SCRAPE_TIMEOUT_SECONDS = 2.0  # for Redis
FRESH_HEARTBEAT_SECONDS = 15.0  # workers send one every 5
DELAY_APP = "channels_legacy.delay"
DELAYED_MESSAGE: str = "delay.DelayedMessage"
RUNS_ENDED = "signalbox_runs_ended"  # Prometheus adds _total


class FileCollector(Collector):
    """The metrics of all processes, including ended ones."""

    def collect(self) -> Iterator[Metric]:
        files = [file for file in storage.files(settings.METRICS_FOLDER) if storage.is_readable(file)]
        for metric in summed(files):
            if metric.name != RUNS_ENDED:  # older versions counted it in processes, and their files last
                yield metric


class LayerCollector(Collector):
    """The named channels and their workers, by their state in Redis."""

    def collect(self) -> Iterator[Metric]:
        up = _gauge("signalbox_layer_up", "Whether Redis answers: 1, or 0 and its metrics are missing.")
        workers = _gauge("signalbox_workers", "Workers with a heartbeat within the last 15 seconds.", "channel")
        age = _gauge("signalbox_worker_heartbeat_age_seconds", "Age of the youngest heartbeat of a worker.", "channel")
        waiting = _gauge("signalbox_waiting_messages", "Messages that wait for a worker.", "channel")
        turns = _gauge("signalbox_waiting_turns", "Turns of Channels 1.x code that wait for a worker.", "channel")
        oldest = _gauge("signalbox_oldest_waiting_turn_age_seconds", "Age of the oldest turn that waits.", "channel")
        try:
            beats, depths, waiting_turns = loop.run(_workers(), SCRAPE_TIMEOUT_SECONDS)
        except Exception as error:  # of any kind: the other metrics can be shown
            logger.warning("cannot collect metrics of the layer: %r", error)
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        for channel, depth in depths.items():
            waiting.add_metric([channel], depth)
        for channel in [*depths, *([CHANNELS1_HEARTBEAT] if settings.CHANNEL_ROUTING else [])]:
            ages = [max(0.0, time.time() - beat.at) for beat in beats if beat.channel == channel]
            workers.add_metric([channel], sum(seconds < FRESH_HEARTBEAT_SECONDS for seconds in ages))
            if ages:
                age.add_metric([channel], min(ages))
        for channel, backlog in waiting_turns.items():
            turns.add_metric([channel], backlog.turns)
            oldest.add_metric([channel], backlog.oldest_seconds)
        yield from (up, workers, age, waiting, turns, oldest)


class RunCollector(Collector):
    """The runs in the database, of all hosts that share it."""

    def collect(self) -> Iterator[Metric]:
        runs = _gauge("signalbox_runs", "Runs that wait for a worker (queued), or run.", "state")
        try:
            found = dict(Run.objects.active().order_by().values_list("state").annotate(Count("pk")))
            counted = counting.ended()
        except DatabaseError as error:
            logger.warning("cannot collect metrics of runs: database error: %r", error)
            return
        for state in sorted(ACTIVE):
            runs.add_metric([state.value], found.get(state.value, 0))
        ended = CounterMetricFamily(RUNS_ENDED, "Runs that have ended, by their last state.", labels=["state"])
        for state, number in counted.items():
            ended.add_metric([state.value], number)
        yield from (runs, ended)


class DelayedCollector(Collector):
    """The delayed messages of Channels 1.x code, where it is installed."""

    def collect(self) -> Iterator[Metric]:
        waiting = _gauge("signalbox_delayed_messages", "Delayed messages of Channels 1.x code that are not done yet.")
        overdue = _gauge("signalbox_delayed_overdue_seconds", "How long the oldest delayed message is overdue.")
        if apps.is_installed(DELAY_APP):
            messages = apps.get_model(DELAYED_MESSAGE).objects
            try:
                found = messages.aggregate(count=Count("pk"), oldest=Min("due_date"))
            except DatabaseError as error:
                logger.warning("cannot collect metrics of delayed messages: database error: %r", error)
                return
            waiting.add_metric([], found["count"])
            late = (timezone.now() - found["oldest"]).total_seconds() if found["oldest"] else 0.0
            overdue.add_metric([], max(0.0, late))
        yield from (waiting, overdue)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(FileCollector())
    registry.register(LayerCollector())
    registry.register(RunCollector())
    if apps.is_installed(DELAY_APP):
        registry.register(DelayedCollector())
    return generate_latest(registry)


@cache
def channels() -> list[str]:
    """Return the named channels that supervisord.conf has workers for."""
    conf = configparser.RawConfigParser(inline_comment_prefixes=(";",), strict=False)
    conf.read(settings.BASE_DIR / "supervisord.conf")
    programs = [section for section in conf.sections() if section.startswith("program:worker-")]
    return sorted({channel for program in programs for channel in shlex.split(conf[program]["command"])[1:]})


async def _workers() -> tuple[list[heartbeat.Beat], dict[str, int], dict[str, WaitingTurns]]:
    """Return the heartbeats, the number of messages that wait on each named channel, and the turns that wait."""
    layer: Any = get_channel_layer("work")
    depths = {channel: await layer.waiting(channel) for channel in channels()}
    return await heartbeat.beats(), depths, await backlogs() if settings.CHANNEL_ROUTING else {}


def _gauge(name: str, help: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help, labels=labels)
