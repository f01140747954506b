"""The card of a run in its room: an event when the run begins, another when it has ended, and its HTML in between.

A run that was not successful shows its card again, as the newest of the room, unless it still is the newest. The events
name the person and the run, and nothing else. Where a person may not see the service, the card says no more.
"""

import uuid
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.template.loader import render_to_string

from proj.accounts.models import User
from proj.layer.messages import GroupMessage, RoomFlash
from proj.rooms import cards
from proj.rooms.log import writing
from proj.rooms.log.commands import Written
from proj.rooms.log.frames import IN_HISTORY, Kind
from proj.rooms.models import Event
from proj.runs.choices import Audience, Origin
from proj.runs.models import Run, Service
from proj.runs.output import reading, rendering
from proj.runs.publishing import calls, frames
from proj.runs.states import UNSUCCESSFUL

CARD_LINES = 3
SEARCHED_BYTES = 16 * 1024  # the end of the output, in which the card's lines are
STAND_INS = {Origin.COMMAND: "the host", Origin.SCHEDULE: "the clock"}  # no person can have a name with a space


def begun(run: Run) -> list[GroupMessage]:
    """Add the run's card to its room in the current transaction; return the messages to publish."""
    if not run.room_id:
        return []
    written = _append(run, Kind.CARD)
    run.card = written.seq
    Run.objects.filter(pk=run.pk).update(card=written.seq)
    return [*writing.announcements([written]), *of_state(run)]


def ended(runs: Iterable[Run]) -> list[GroupMessage]:
    """Add the ends of these runs to their rooms, and call the people concerned, in the current transaction.

    Return the messages to publish.
    """
    messages: list[GroupMessage] = []
    # every transaction locks rooms in this order
    for run in sorted(runs, key=lambda run: run.room_id or 0):
        events = _end(run) if run.room_id and run.card else []
        messages += [*writing.announcements(events), *of_state(run)]
        messages += calls.of_end(run, events[-1].seq if events else None)
    return messages


def _end(run: Run) -> list[Written]:
    """Add the end of a run to its room."""
    changed = _append(run, Kind.CARD_CHANGED, run.card)
    since = Event.objects.filter(room=run.room_id, seq__gt=run.card, kind__in=IN_HISTORY)
    if run.state in UNSUCCESSFUL and since.exists():
        return [changed, _append(run, Kind.CARD)]
    return [changed]


def of_state(run: Run) -> list[RoomFlash]:
    """Return the message with the card's HTML. Where not everybody may see the run it has none, and each page asks."""
    if not run.room_id or not run.card:
        return []
    # a worker may have read `run` hours ago, and the service may have been closed since
    open_to_all = Service.objects.filter(pk=run.service_id, seen_by=Audience.EVERYONE).exists()
    html = _rendered([run])[run.pk] if open_to_all else ""
    return [cards.flash(run.room_id, _reference(run), html)]


def draw(user: User, ids: Sequence[str]) -> dict[str, str]:
    """Return the HTML of these runs' cards as `user` may see them."""
    runs = Run.objects.for_viewers(user).filter(pk__in=[id for id in ids if _is_id(id)])
    seen = {str(id): html for id, html in _rendered(list(runs.select_related("service", "person"))).items()}
    unseen = render_to_string("runs/unseen.html")
    return {id: seen.get(id, unseen) for id in ids}


def _append(run: Run, kind: Kind, target: int | None = None) -> Written:
    author, own = run.person or _stand_in(run), str(uuid.uuid4())
    room = run.room_id or 0
    name, text = author.display_name, _reference(run)
    return writing.add(room, kind, author.pk, author.username, name=name, client_id=own, text=text, target=target)


def _stand_in(run: Run) -> User:
    """Return the account that the room's log names for a run that no person started."""
    name = STAND_INS[Origin(run.origin)] if run.origin in STAND_INS else STAND_INS[Origin.COMMAND]
    return User.objects.get_or_create(username=name, defaults={"is_active": False, "password": make_password(None)})[0]


def _reference(run: Run) -> str:
    return f"run:{run.pk}"


def _rendered(runs: Sequence[Run]) -> dict[UUID, str]:
    """Return the HTML of these runs' cards, with the same few queries for any number of runs."""
    ends = reading.ends(runs, SEARCHED_BYTES)
    return {run.pk: _html(run, ends.get(run.pk, b"")) for run in runs}


def _html(run: Run, end: bytes) -> str:
    shown = {"run": frames.state(run), "given": frames.differing(run), "lines": _last(end, run.service.encoding)}
    return render_to_string("runs/card.html", shown).strip()


def _last(end: bytes, encoding: str) -> list[rendering.Line]:
    """Return the last lines for a card: not those that mark progress, which has a bar, or the end of a group."""
    found: list[rendering.Line] = []
    for data in reversed(end.removesuffix(b"\n").split(b"\n") if end else []):
        line = rendering.Line(0, rendering.text(data, encoding))  # a card does not number them
        if line.kind not in {"progress", "endgroup"}:
            found.append(line)
        if len(found) == CARD_LINES:
            break
    return found[::-1]


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
