"""The sockets of Channels 1.x code by interface process, so that those of a dead process get their disconnects."""

from collections.abc import Mapping, Sequence

from proj.layer.redis.wire import Argument
from proj.layer.redis.work_layer import WorkLayer

ALIVE_SECONDS = 5.0  # between two signs of life of an interface process
DEAD_SECONDS = 30  # without a sign of life, after which a process counts as dead

Command = tuple[Argument, ...]


class SocketRegistry:
    """Keeps socket numbers and paths in Redis. All methods raise redis' errors when Redis is away."""

    def __init__(self, layer: WorkLayer) -> None:
        self._layer = layer
        self._processes = f"{layer.prefix}turns-processes"

    def _sockets(self, process: str) -> str:
        return f"{self._layer.prefix}turns-sockets:{process}"

    def _alive(self, process: str) -> str:
        return f"{self._layer.prefix}turns-alive:{process}"

    async def _calls(self, commands: Sequence[Command]) -> list[Argument]:
        wire = await self._layer.loop_part().sending[0].get()
        return await wire.calls(commands)  # type: ignore[no-any-return]

    def opening(self, process: str, paths: Mapping[int, str]) -> Command:
        """Return the command that adds sockets, to be sent before the code learns of them."""
        return ("HSET", self._sockets(process), *(part for item in paths.items() for part in item))

    async def add(self, process: str, paths: Mapping[int, str]) -> None:
        """Add sockets, after Redis has lost its data."""
        if paths:
            await self._calls([self.opening(process, paths)])

    async def remove(self, process: str, numbers: Sequence[int]) -> None:
        """Remove sockets that had their disconnect."""
        await self._calls([("HDEL", self._sockets(process), *numbers)])

    def living(self, process: str) -> list[Command]:
        """Return the commands of a sign of life; the second one returns 1 when Redis did not know the process."""
        return [("SET", self._alive(process), 1, "EX", DEAD_SECONDS), ("SADD", self._processes, process)]

    async def live(self, process: str) -> bool:
        """Give a sign of life. Return whether Redis knew the process already."""
        _, added = await self._calls(self.living(process))
        return not added

    async def dead(self) -> list[str]:
        """Return the processes without a sign of life."""
        (members,) = await self._calls([("SMEMBERS", self._processes)])
        processes = [member.decode() for member in members]  # type: ignore[union-attr]
        if not processes:
            return []
        found = await self._calls([("EXISTS", self._alive(process)) for process in processes])
        return [process for process, alive in zip(processes, found, strict=True) if not alive]

    async def sockets(self, process: str) -> dict[int, str]:
        """Return the sockets of a process: their numbers and paths."""
        (flat,) = await self._calls([("HGETALL", self._sockets(process))])
        parts = [part.decode() for part in flat]  # type: ignore[union-attr]
        return {int(number): path for number, path in zip(parts[::2], parts[1::2], strict=True)}

    async def forget(self, process: str) -> None:
        """Remove a dead process with all its sockets."""
        await self._calls([("DEL", self._sockets(process)), ("SREM", self._processes, process)])
