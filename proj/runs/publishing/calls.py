"""The calls of ended runs: the room becomes unread for the people concerned, and their pages notify them.

concerns() is the whole rule. The rest reads what the rule needs, for one run and for everybody.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q

from proj.accounts.preferences import Preferences, RunEnds
from proj.layer.messages import PeopleFrame
from proj.rooms.log.frames import encoded
from proj.rooms.models import Membership, Mute, Room, attention
from proj.rooms.models.membership import people_to_offer
from proj.runs.catalog.parameters import typed
from proj.runs.models import EndChoice, Run, Service
from proj.runs.publishing.frames import differing
from proj.runs.states import UNSUCCESSFUL, State

MAX_CALLED_PEOPLE = 20_000  # ids in one layer message
MAX_VALUES_CHARACTERS = 200  # of the parameters in a notification


@dataclass(frozen=True, slots=True)
class RunEnd:
    """The end of a run, as far as it decides which people it concerns. People are ids; None: nobody."""

    state: State
    person: int | None  # started the run
    canceled_by: int | None = None


class Rules(NamedTuple):
    """One person's rules for the run that has ended, and how the person stands to its room."""

    own: str = RunEnds.ALL  # RunEnds, for runs that the person started
    rooms: str = RunEnds.FAILED  # RunEnds, for other runs in rooms that the person follows
    service: str = ""  # RunEnds, for all runs of this service; empty: `own` and `rooms` decide
    follows: bool = True  # the room is in the person's side, and not muted
    muted: bool = False


def concerns(end: RunEnd, person: int, rules: Rules) -> bool:
    """Return whether the end of a run concerns `person`, if the person may see the run.

    The choice for the service goes before the others. A muted room tells nothing but the runs that the person started.
    A person that canceled the run knows its end.
    """
    own = person == end.person
    if end.canceled_by == person or (rules.muted and not own):
        return False
    if rules.service:
        ends = rules.service
    elif own:
        ends = rules.own
    else:
        ends = rules.rooms if rules.follows else RunEnds.NOTHING
    return ends == RunEnds.ALL or (ends == RunEnds.FAILED and end.state in UNSUCCESSFUL)


@dataclass(frozen=True, slots=True)
class Called:
    """The ids of the people that an end concerns, and those of everybody that follows the room."""

    people: frozenset[int]
    followers: frozenset[int]

    def rows(self) -> list[int | None]:
        """Return the people as attention.call() takes them: None stands for all followers."""
        if len(self.followers) > 1 and self.followers <= self.people:
            return [None, *sorted(self.people - self.followers)]
        return [*sorted(self.people)]


def called(run: Run) -> Called:
    """Return the people that the end of `run` concerns."""
    end = RunEnd(State(run.state), run.person_id, run.cancel_requested_by_id if run.state == State.CANCELED else None)
    room = Room.objects.filter(pk=run.room_id or 0, hidden=False, archived_at=None).first()
    choices = dict(EndChoice.objects.filter(service=run.service_id).values_list("user", "ends"))
    near = Q(pk__in=[*choices, *([run.person_id] if run.person_id else [])])
    everybody = end.state in UNSUCCESSFUL
    # No other people can be concerned: by default, only an unsuccessful end concerns followers.
    able = people_to_offer().filter(near | _in_room(room) & (_ANY_PERSON if everybody else _wants_all()))
    people = list(able.only("pk", "is_staff"))
    inside = {one.pk for one in people} if room is not None else set()
    if room is not None and room.for_members:
        inside &= set(Membership.objects.filter(room=room).values_list("user", flat=True))
    muted = set(Mute.objects.filter(room=room).values_list("user", flat=True)) if room is not None else set()
    chosen = Preferences.objects.exclude(own_runs=RunEnds.ALL, room_runs=RunEnds.FAILED)
    ends = {user: (own, rooms) for user, own, rooms in chosen.values_list("user", "own_runs", "room_runs")}

    def standing(person: int) -> Rules:
        own, rooms = ends.get(person, (RunEnds.ALL, RunEnds.FAILED))
        follows = person in inside and person not in muted
        return Rules(own, rooms, choices.get(person, ""), follows, person in muted)

    found = [one for one in people if concerns(end, one.pk, standing(one.pk))]
    seen = {person for _, person in Service.objects.filter(pk=run.service_id).viewable_by(found)}
    return Called(frozenset(seen), frozenset(inside - muted) if everybody else frozenset())


_NO_PERSON = Q(pk__in=[])
_ANY_PERSON = ~_NO_PERSON  # a Q() without conditions would vanish beside others


def _in_room(room: Room | None) -> Q:
    if room is None:
        return _NO_PERSON
    return Q(pk__in=Membership.objects.filter(room=room).values("user")) if room.for_members else _ANY_PERSON


def _wants_all() -> Q:
    return Q(pk__in=Preferences.objects.filter(room_runs=RunEnds.ALL).values("user"))


def of_end(run: Run, seq: int | None) -> Iterable[PeopleFrame]:
    """Store which people the end of `run` calls, in the current transaction; return the messages to their pages.

    `seq` is the event of the run's room that calls them; None: the run has no room.
    """
    found = called(run)
    if not found.people:
        return []
    if run.room_id and seq:
        attention.call(run.room_id, seq, found.rows())
    people = sorted(found.people)
    parts = [people[at : at + MAX_CALLED_PEOPLE] for at in range(0, len(people), MAX_CALLED_PEOPLE)]
    frame = encoded({"type": "called", "room": run.room_id if seq else None, "seq": seq, "run": _told(run)})
    return [PeopleFrame(users=part, frame=frame) for part in parts]


def _told(run: Run) -> dict[str, str | int]:
    """Return the parts of a notification about the end of `run`."""
    values = " ".join(f"{name}={typed(value)}" for name, value in differing(run).items())
    return {
        "run": str(run.pk),
        "name": run.service.name,
        "number": run.number,
        "state": str(run.state),
        "values": values[:MAX_VALUES_CHARACTERS],
        "url": run.get_absolute_url(),
    }
