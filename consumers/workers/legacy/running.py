"""The start of a worker of Channels 1.x code: check the code, then take turns, or wait until the code is mended."""

import logging
from collections.abc import Sequence

from django.core.management import CommandError

from channels_legacy.asgi import channel_layers
from channels_legacy.worker import CONNECT, DISCONNECT, RECEIVE, consumed_channels
from consumers.workers.legacy import checking, waiting
from consumers.workers.legacy.worker import LegacyWorker

logger = logging.getLogger(__name__)


def run(only: Sequence[str] | None, exclude: Sequence[str] | None, threads: int) -> None:
    """Work until SIGTERM on the channels that fit the globs. Raise CommandError when there are none."""
    if fault := checking.fault():
        waiting.wait(fault)
    waiting.go_on()
    for sentence in checking.missing_tables():
        logger.error("%s", sentence)
    wrapper = channel_layers["default"]
    # A socket's messages come whether or not they are routed: perform() knows the answer to each.
    channels = consumed_channels({*wrapper.router.channels, CONNECT, RECEIVE, DISCONNECT}, only, exclude)
    if not channels:
        raise CommandError("no channel of the routing is left by --only-channels and --exclude-channels")
    LegacyWorker(wrapper, channels, threads).run()
