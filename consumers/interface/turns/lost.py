"""Finds turns that nobody has any more: neither the queue nor a worker. Their worker died, or Redis lost the queue."""

import asyncio
import contextlib
import logging
import time
from typing import Protocol

from django.conf import settings

from consumers.interface.turns.handing import REDIS_ERRORS, entry_of
from consumers.interface.turns.socket import CONNECT, DISCONNECT, InHand, TurnSocket
from proj.layer.redis.turn_backlog import LostTurn, note_lost
from proj.layer.redis.turn_queue import TurnQueue
from proj.metrics.definitions import PROCESS, TURNS, TURNS_IN_FLIGHT

logger = logging.getLogger(__name__)

WATCH_SECONDS = 1.0  # between two looks at the turns
DOUBT_SECONDS = 2.0  # without a sign, after which the queue is asked
LOST_SECONDS = 5.0  # without a sign, after which the turn is lost
LOST_CONNECT_SECONDS = 3.0  # the same for a connect: a browser waits for its handshake
NO_WORKER_SECONDS = 60.0  # in the queue, after which an open socket is closed
ASKED_TURNS = 1000  # in one look
MAX_LOST_TRIES = 3  # of a turn that is handed over again
CLOSE_NO_WORKER = 1013
CLOSE_LOST_TURN = 1011


class Holder(Protocol):
    """The sockets with a turn in hand."""

    in_hand: dict[int, TurnSocket]
    queue: TurnQueue

    def go_on(self, socket: TurnSocket) -> None:
        """End the turn in hand, and begin the next one."""


class LostTurns:
    """Watches the turns in hand."""

    def __init__(self, turns: Holder) -> None:
        self._turns = turns

    async def watch(self) -> None:
        """Wait, then look once. Called again and again."""
        await asyncio.sleep(WATCH_SECONDS)
        TURNS_IN_FLIGHT.labels(PROCESS).set(len(self._turns.in_hand))
        if self._turns.in_hand:
            await self.look(time.monotonic())

    def forgive(self) -> None:
        """Redis was away: give every turn its time again. The queue may have lost turns that no worker ever had."""
        now = time.monotonic()
        for socket in self._turns.in_hand.values():
            if socket.in_hand is not None:
                socket.in_hand.evidence_at = now
                socket.in_hand.unsure = True

    async def look(self, now: float) -> None:
        """Ask the queue about turns without a sign, and give up those that are lost."""
        doubtful = [
            (socket, in_hand)
            for socket in self._turns.in_hand.values()
            if (in_hand := socket.in_hand) is not None and now - in_hand.evidence_at > DOUBT_SECONDS
        ][:ASKED_TURNS]
        if not doubtful:
            return
        try:
            waiting = await self._turns.queue.waiting([entry_of(socket) for socket, _ in doubtful])
        except REDIS_ERRORS:
            self.forgive()  # nobody could tell us
            return
        lost: list[LostTurn] = []
        for (socket, in_hand), waits in zip(doubtful, waiting, strict=True):
            if socket.in_hand is not in_hand:
                continue  # answered meanwhile
            if waits:
                in_hand.evidence_at = now
                self._waits_long(socket, in_hand, now)
            elif now - in_hand.evidence_at > (LOST_CONNECT_SECONDS if in_hand.channel == CONNECT else LOST_SECONDS):
                if in_hand.unsure:
                    self._hand_over_again(socket, in_hand)
                else:
                    lost.append(LostTurn(in_hand.channel, in_hand.consumer, time.time()))
                    self._lost(socket, in_hand)
        if lost:
            with contextlib.suppress(*REDIS_ERRORS):  # the log and the counter have them
                await note_lost(lost)

    def _waits_long(self, socket: TurnSocket, in_hand: InHand, now: float) -> None:
        if socket.open and not socket.close_code and now - in_hand.started_at > NO_WORKER_SECONDS:
            TURNS.labels("no_worker").inc()
            logger.error(
                "%s: no worker took a turn on %s for %g s: closed with 1013",
                *(socket.path, in_hand.channel, NO_WORKER_SECONDS),
            )
            socket.close(CLOSE_NO_WORKER)

    def _hand_over_again(self, socket: TurnSocket, in_hand: InHand) -> None:
        """The queue lost the turn while Redis was away."""
        TURNS.labels("again").inc()
        socket.tries = in_hand.tries
        socket.waiting[:0] = in_hand.items
        self._turns.go_on(socket)

    def _lost(self, socket: TurnSocket, in_hand: InHand) -> None:
        """Go on after a lost turn: connect and disconnect are tried again, frames as SIGNALBOX_CHANNEL_LOST says."""
        TURNS.labels("lost").inc()
        certain = in_hand.channel in (CONNECT, DISCONNECT)
        again = certain or settings.CHANNEL_LOST == "again"
        socket.tries = in_hand.tries + 1
        logger.error(
            "%s: a worker died with a turn of %d messages on %s (%s)",
            *(socket.path, len(in_hand.items), in_hand.channel, in_hand.consumer or "consumer unknown"),
        )
        if again and (socket.tries <= MAX_LOST_TRIES or (in_hand.channel == DISCONNECT and not in_hand.claimed)):
            socket.waiting[:0] = in_hand.items
            socket.extend_handshake(settings.CHANNEL_WAIT_SECONDS)
        else:
            socket.tries = 0
            if settings.CHANNEL_LOST == "close" or in_hand.channel == CONNECT:
                socket.close(CLOSE_LOST_TURN)
        self._turns.go_on(socket)
