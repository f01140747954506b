"""The parts of a stream, and the interface by which feeds read one kind of stream from the database.

A further kind of stream needs a `Source`, and an `OpenFeeds` in the `Interface` that hands it the stream's messages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from consumers.interface.transport.frame import Frame


class StreamGone(Exception):
    """The stream is deleted, or never was."""


class Piece(NamedTuple):
    """One part of a stream: the positions before and after it, and the frame that carries it."""

    start: int
    end: int
    frame: Frame


class Place(NamedTuple):
    """A position in a run's output, and the number of the line that it is in."""

    position: int
    line: int


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a stream, and its generation. Another generation: the stream was replaced, as by a backup."""

    position: int
    generation: str = ""


@dataclass(frozen=True, slots=True)
class Pacing:
    """Bounds for streams that grow faster than browsers read. Their followers skip ahead instead of being closed."""

    pause_seconds: float  # between two reads for one follower
    max_waiting: int  # bytes that wait for a browser, above which nothing more is written to it
    max_behind: int  # positions behind the end, above which a follower skips ahead
    skip_seconds: float  # for which all followers that skip go to the same place
    kept_reads: int  # reads that stay in memory for the other followers


class Source:
    """One kind of stream in the database. The methods that read are synchronous, and run on the database's threads."""

    pacing: Pacing | None = None  # None: the line of a follower that cannot keep up closes the socket

    def group(self, key: Any) -> str:
        """Return the layer's group of the stream."""
        raise NotImplementedError

    def heads(self, keys: Sequence[Any]) -> Mapping[Any, Head]:
        """Return the heads of these streams, without those that are gone."""
        raise NotImplementedError

    def after(self, key: Any, position: int) -> list[Piece]:
        """Return consecutive pieces from `position` on, up to a limit of the source. Raise StreamGone."""
        raise NotImplementedError

    def reset(self, head: Head) -> Frame:
        """Return the frame for the followers of a stream that was replaced by another one."""
        return Frame.of({"type": "reset", "epoch": head.generation, "seq": head.position})

    def gap_filled(self, pieces: int) -> None:
        """Note that so many pieces were read for the live followers, because no message had brought them."""

    # of paced streams

    def tail(self, key: Any, end: int) -> Place:
        """Return the place near `end` at which a follower goes on that cannot keep up. Raise StreamGone."""
        raise NotImplementedError

    def skipped(self, position: int, place: Place) -> Frame:
        """Return the frame for a follower that skips from `position` to `place`."""
        raise NotImplementedError
