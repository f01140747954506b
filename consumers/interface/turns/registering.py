"""Keeps the sockets of this process in the registry, from which the clock sends disconnects when the process dies."""

import asyncio
import time
from collections.abc import Iterable, Mapping

from consumers.interface.turns.socket import TurnSocket
from proj.layer.redis.socket_registry import ALIVE_SECONDS, Command, SocketRegistry
from proj.monotonic import NEVER

REGISTER_SECONDS = 1.0  # between two removals of sockets that have ended


class Registering:
    """A socket is added with its connect, in the same round trip, and removed soon after its disconnect."""

    def __init__(self, registry: SocketRegistry, process: str, sockets: Mapping[int, TurnSocket]) -> None:
        self._registry = registry
        self._process = process
        self._sockets = sockets
        self._ended: list[int] = []
        self._lived_at = NEVER  # monotonic seconds of the last sign of life

    def opening(self, sockets: Iterable[TurnSocket]) -> list[Command]:
        """Return the commands that add sockets, the first ones with a sign of life: the process may die at once."""
        paths = {socket.outlet.id: socket.path for socket in sockets}
        if not paths:
            return []
        first = self._registry.living(self._process) if self._lived_at == NEVER else []
        return [*first, self._registry.opening(self._process, paths)]

    def ended(self, socket: TurnSocket) -> None:
        """Have the socket removed."""
        self._ended.append(socket.outlet.id)

    async def keep(self) -> None:
        """Wait, then remove sockets and give a sign of life. Called again and again."""
        await asyncio.sleep(REGISTER_SECONDS)
        await self.flush()
        if time.monotonic() - self._lived_at >= ALIVE_SECONDS:
            if not await self._registry.live(self._process):  # the first time, or Redis has lost its data
                await self._registry.add(self._process, {id: one.path for id, one in self._sockets.items()})
            self._lived_at = time.monotonic()

    async def flush(self) -> None:
        """Remove the sockets that have ended."""
        if numbers := self._ended:
            self._ended = []
            try:
                await self._registry.remove(self._process, numbers)
            except BaseException:
                self._ended += numbers
                raise
