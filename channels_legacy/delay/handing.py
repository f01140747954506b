"""The way of a delayed message to its consumer: the clock hands it over, and the worker deletes its row at the end.

A row is tried at `next_try_at`. The clock moves that moment on when it hands the message over, and a worker does so as
long as it performs the message. So a message that was lost with its clock, worker or Redis is handed over again, and
of two that arrive only one is performed.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import Error as DatabaseError
from django.db import close_old_connections, connections, transaction
from django.db.models import F
from django.utils import timezone

from channels_legacy.delay.models import DelayedMessage
from channels_legacy.delay.sending import send_due
from proj.layer import loop

logger = logging.getLogger(__name__)

MESSAGE_LEASE = timedelta(seconds=60)  # until a message that nobody performs is handed over again
RENEW_SECONDS = 20.0  # between two renewals of a lease by a worker
SEND_AGAIN_AFTER = timedelta(seconds=5)  # after Redis was away
LATER_AFTER = timedelta(seconds=1)  # after ConsumeLater
MAX_BEGUN_TRIES = 10  # of a message that kills its workers, or is put off each time
MAX_OVERDUE = timedelta(days=7)  # of a message that no worker takes
CLAIMED_MESSAGES = 50  # in one round trip: each may have 768 KiB
HANDING_SECONDS = 5.0  # after which the other jobs of the clock have their turn
SEND_TIMEOUT_SECONDS = 10.0

_messages = DelayedMessage.objects


# called by the clock


def hand_over_due() -> None:
    """Hand the messages that are due to the workers. Raise database errors; trouble with Redis only delays them."""
    ends_at = time.monotonic() + HANDING_SECONDS
    while time.monotonic() < ends_at and _messages.filter(next_try_at__lte=timezone.now()).exists():
        claimed = _claim(timezone.now())
        delivered: list[int] = []
        undelivered: list[int] = []
        try:
            loop.run(send_due(_worth_a_try(claimed), delivered, undelivered), SEND_TIMEOUT_SECONDS)
        except Exception as error:  # of any kind: the rows are still there
            logger.warning("delayed messages wait: could not hand over %d of them: %r", len(claimed), error)
            undelivered = [message.pk for message in claimed]
            ends_at = 0
        _messages.filter(pk__in=delivered).delete()
        again_at = timezone.now() + SEND_AGAIN_AFTER
        _messages.filter(pk__in=undelivered, started=False).exclude(pk__in=delivered).update(next_try_at=again_at)


def _claim(now: datetime) -> list[DelayedMessage]:
    """Return messages that this clock alone hands over, oldest first."""
    with transaction.atomic():
        due = _messages.filter(next_try_at__lte=now).order_by("next_try_at", "pk")[:CLAIMED_MESSAGES]
        return [
            message
            for message in due
            if _messages.filter(pk=message.pk, next_try_at=message.next_try_at).update(
                next_try_at=now + MESSAGE_LEASE, started=False
            )
        ]


def _worth_a_try(messages: Sequence[DelayedMessage]) -> list[DelayedMessage]:
    """Delete those that were tried often enough, and return the others."""
    oldest = timezone.now() - MAX_OVERDUE
    kept = []
    for message in messages:
        if message.tries < MAX_BEGUN_TRIES and message.due_date > oldest:
            kept.append(message)
            continue
        reason = f"{message.tries} workers began it" if message.tries else "no worker took it"
        logger.error("gave up the delayed message %d for %s: %s", message.pk, message.channel_name, reason)
        message.delete()
    return kept


# called by a worker


def begin(number: int) -> bool:
    """Return whether this worker is to perform the message: nobody else does or did. Raise database errors."""
    close_old_connections()
    waiting = _messages.filter(pk=number, started=False)
    return waiting.update(started=True, tries=F("tries") + 1, next_try_at=timezone.now() + MESSAGE_LEASE) == 1


def end(number: int) -> None:
    """Delete a message that was performed. Raise database errors: the message is then performed again."""
    _messages.filter(pk=number).delete()


def put_off(number: int) -> None:
    """Have a message handed over again in a moment, because its consumer raised ConsumeLater."""
    _messages.filter(pk=number).update(started=False, next_try_at=timezone.now() + LATER_AFTER)


def renew(numbers: Sequence[int]) -> None:
    """Keep the messages that a worker performs. Called in a thread of its own; its connection is closed."""
    try:
        _messages.filter(pk__in=numbers, started=True).update(next_try_at=timezone.now() + MESSAGE_LEASE)
    except DatabaseError as error:
        logger.warning("cannot keep %d delayed messages in hand: database error: %r", len(numbers), error)
    finally:
        connections.close_all()
