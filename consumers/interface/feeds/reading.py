"""What the interface reads from rooms' logs, for many sockets at once. Synchronous: asked through database.ask()."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from proj.accounts.sessions import people_of
from proj.rooms.log.frames import encoded
from proj.rooms.models import Membership, Room, Seen
from proj.runs.models import Service

REPLAY_CHARACTERS = 4_000_000  # in one replay; further behind than this: reload


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a room's log: its head and epoch, and events as (seq, frame) in order."""

    epoch: str
    head: int
    events: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A socket that comes to a room with everything up to `seq` of `epoch`; None: it asks for nothing."""

    room: int
    epoch: str
    seq: int | None


@dataclass(frozen=True, slots=True)
class Missed:
    """What it missed; `reset` when that cannot be replayed and the page must begin anew."""

    page: Page
    reset: bool
    seen: dict[str, int] = field(default_factory=dict)  # who has read how far


def after(room_id: int, seq: int | None, limit: int = 0) -> Page:
    """The head, and at most `limit` events after `seq` up to that head; none when `seq` is None.

    Raises Room.DoesNotExist.
    """
    room = Room.objects.only("epoch", "seq").get(pk=room_id)
    return Page(room.epoch, room.seq, _events(room, seq, limit))


def _events(room: Room, seq: int | None, limit: int) -> list[tuple[int, str]]:
    if seq is None or seq >= room.seq:
        return []
    return [(event.seq, encoded(event.frame())) for event in room.events_after(seq, limit) if event.seq <= room.seq]


def heads(room_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Head and epoch of many rooms."""
    rows = Room.objects.filter(pk__in=list(room_ids)).values_list("pk", "seq", "epoch")
    return {id: (seq, epoch) for id, seq, epoch in rows}


def arrived(arrivals: Sequence[Arrival]) -> list[Missed | Exception]:
    """What each of these sockets missed; Room.DoesNotExist for a room that is gone."""
    rooms = Room.objects.only("epoch", "seq", "pruned").in_bulk({arrival.room for arrival in arrivals})
    seen: dict[int, dict[str, int]] = {id: {} for id in rooms}
    for room, name, seq in Seen.objects.filter(room__in=rooms).values_list("room", "user__username", "seq"):
        seen[room][name] = seq
    answers: list[Missed | Exception] = []
    for arrival in arrivals:
        found = rooms.get(arrival.room)
        if found is None:
            answers.append(Room.DoesNotExist())
        else:
            answers.append(_missed(found, arrival, seen[arrival.room]))
    return answers


def _missed(room: Room, arrival: Arrival, seen: dict[str, int]) -> Missed:
    seq, most = arrival.seq, settings.REPLAY_EVENTS
    whole = seq is None or (arrival.epoch == room.epoch and room.pruned <= seq <= room.seq <= seq + most)
    events = _events(room, seq, most) if whole else []
    if sum(len(frame) for _, frame in events) > REPLAY_CHARACTERS:
        whole, events = False, []
    return Missed(Page(room.epoch, room.seq, events), not whole, seen)


@dataclass(frozen=True, slots=True)
class Stays:
    """Somebody's open socket: on a room, on runs of a service (0: not), or on neither."""

    session: str
    user: int
    room: int
    service: int


def allowed(open_sockets: Sequence[Stays]) -> list[tuple[bool, bool]]:
    """For each of them: whether the session still is that person's, and they may be where they are."""
    signed_in = people_of({one.session for one in open_sockets})
    rooms = Room.objects.in_bulk({one.room for one in open_sockets if one.room})
    closed = [id for id, room in rooms.items() if room.for_members]
    members = set(Membership.objects.filter(room__in=closed).values_list("room", "user")) if closed else set()
    viewers = {one.session for one in open_sockets if one.service}
    services = {
        session: set(Service.objects.for_viewers(signed_in[session]).values_list("pk", flat=True))
        for session in viewers & signed_in.keys()
    }
    answers = []
    for one in open_sockets:
        person = signed_in.get(one.session)
        if one.service:
            may_stay = one.service in services.get(one.session, ())
        elif not one.room:
            may_stay = True
        else:
            room = rooms.get(one.room)
            may_stay = (room is not None and not room.for_members) or (one.room, one.user) in members
        answers.append((person is not None and person.pk == one.user, may_stay))
    return answers
