"""The logs of rooms as streams. A position is the `seq` of an event; a generation is the room's epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from consumers.interface.feeds.stream import Head, Piece, Source, StreamGone
from consumers.interface.transport.frame import Frame
from proj.layer.names import room_group
from proj.metrics.definitions import GAP_EVENTS, GAPS
from proj.rooms.log.frames import encoded
from proj.rooms.models import Room, Seen

READ_EVENTS = 500  # at once, for a gap
MAX_REPLAY_CHARACTERS = 4_000_000  # in the replay of one socket; a page that lacks more begins anew


@dataclass(frozen=True, slots=True)
class Arrival:
    """A socket that comes to a room with everything up to `seq` of `epoch`; None: it wants no replay."""

    room: int
    epoch: str
    seq: int | None


@dataclass(frozen=True, slots=True)
class Replay:
    """The events that a socket missed. `reset`: they cannot be replayed, and the page must begin anew."""

    head: Head
    pieces: list[Piece]
    reset: bool
    seen: dict[str, int] = field(default_factory=dict)  # name -> the seq up to which that person has read


class RoomSource(Source):
    """The logs of rooms in the database."""

    def group(self, key: int) -> str:
        return room_group(key)

    def heads(self, keys: Sequence[int]) -> Mapping[int, Head]:
        rows = Room.objects.filter(pk__in=list(keys)).values_list("pk", "seq", "epoch")
        return {id: Head(seq, epoch) for id, seq, epoch in rows}

    def after(self, key: int, position: int) -> list[Piece]:
        room = Room.objects.only("epoch", "seq").filter(pk=key).first()
        if room is None:
            raise StreamGone
        return _pieces(room, position, READ_EVENTS)

    def gap_filled(self, pieces: int) -> None:
        GAPS.inc()
        GAP_EVENTS.inc(pieces)


def event_piece(seq: int, text: str) -> Piece:
    """Return the piece of event `seq` with this JSON text as its frame."""
    return Piece(seq - 1, seq, Frame(text))


def _pieces(room: Room, seq: int | None, limit: int) -> list[Piece]:
    if seq is None or seq >= room.seq:
        return []
    events = room.events_after(seq, limit)
    return [event_piece(event.seq, encoded(event.frame())) for event in events if event.seq <= room.seq]


def replays(arrivals: Sequence[Arrival]) -> list[Replay | Exception]:
    """Read the events that each of these sockets missed; StreamGone for a room that is deleted."""
    rooms = Room.objects.only("epoch", "seq", "pruned").in_bulk({arrival.room for arrival in arrivals})
    seen: dict[int, dict[str, int]] = {id: {} for id in rooms}
    for room, name, seq in Seen.objects.filter(room__in=rooms).values_list("room", "user__username", "seq"):
        seen[room][name] = seq
    answers: list[Replay | Exception] = []
    for arrival in arrivals:
        found = rooms.get(arrival.room)
        answers.append(StreamGone() if found is None else _replay(found, arrival, seen[arrival.room]))
    return answers


def _replay(room: Room, arrival: Arrival, seen: dict[str, int]) -> Replay:
    seq, limit = arrival.seq, settings.REPLAY_EVENTS
    complete = seq is None or (arrival.epoch == room.epoch and room.pruned <= seq <= room.seq <= seq + limit)
    pieces = _pieces(room, seq, limit) if complete else []
    if sum(len(piece.frame.text) for piece in pieces) > MAX_REPLAY_CHARACTERS:
        complete, pieces = False, []
    return Replay(Head(room.seq, room.epoch), pieces, not complete, seen)
