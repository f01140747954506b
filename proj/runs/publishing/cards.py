"""The card of a run in its room: an event when it begins, another when it has ended, and what it looks like between.

The events say who started it and nothing else. Who may not see the service sees in its card only that.
"""

import uuid
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.template.loader import render_to_string

from proj.accounts.models import User
from proj.layer.messages import RoomFlash
from proj.rooms import cards
from proj.rooms.log import writing
from proj.rooms.log.frames import Kind
from proj.runs.choices import Audience, Origin
from proj.runs.models import Run, Service
from proj.runs.output import reading, rendering
from proj.runs.publishing import frames
from proj.runs.publishing.announcements import Told

LAST = 3  # lines that a card shows
END = 16 * 1024  # bytes of output in which they are looked for: of longer ones, their last part
NOBODY = {Origin.COMMAND: "the host", Origin.SCHEDULE: "the clock"}  # no person can have a name with a space


def begun(run: Run) -> Told:
    """Put its card into its room, in the current transaction; return what the room is to be told."""
    return [*_append(run, Kind.CARD), *of_state(run)] if run.room_id else []


def ended(runs: Iterable[Run]) -> Told:
    """Say in their rooms that these are over, in the current transaction; return what the rooms are to be told."""
    told: Told = []
    # rooms are locked in one order everywhere
    for run in sorted((run for run in runs if run.room_id and run.card), key=lambda run: run.room_id or 0):
        told += [*_append(run, Kind.CARD_CHANGED, run.card), *of_state(run)]
    return told


def of_state(run: Run) -> list[RoomFlash]:
    """What its room is told of how it stands. Where not everybody may see it, each page asks for itself."""
    if not run.room_id or not run.card:
        return []
    # a worker may have read `run` hours ago, and the service been closed since
    open_to_all = Service.objects.filter(pk=run.service_id, seen_by=Audience.EVERYONE).exists()
    html = _looks([run])[run.pk] if open_to_all else ""
    return [cards.flash(run.room_id, _reference(run), html)]


def draw(user: User, ids: Sequence[str]) -> dict[str, str]:
    """The cards of these runs as `user` sees them."""
    runs = Run.objects.for_viewers(user).filter(pk__in=[id for id in ids if _is_id(id)])
    seen = {str(id): html for id, html in _looks(list(runs.select_related("service", "person"))).items()}
    unseen = render_to_string("runs/unseen.html")
    return {id: seen.get(id, unseen) for id in ids}


def _append(run: Run, kind: Kind, target: int | None = None) -> Told:
    author, own = run.person or _nobody(run), str(uuid.uuid4())
    room = run.room_id or 0
    name, text = author.display_name, _reference(run)
    written = writing.add(room, kind, author.pk, author.username, name=name, client_id=own, text=text, target=target)
    if kind == Kind.CARD:
        run.card = written.seq
        Run.objects.filter(pk=run.pk).update(card=written.seq)
    return writing.announcements([written])


def _nobody(run: Run) -> User:
    """Who stands in the room's log for a run that no person started."""
    name = NOBODY[Origin(run.origin)] if run.origin in NOBODY else NOBODY[Origin.COMMAND]
    return User.objects.get_or_create(username=name, defaults={"is_active": False, "password": make_password(None)})[0]


def _reference(run: Run) -> str:
    return f"run:{run.pk}"


def _looks(runs: Sequence[Run]) -> dict[UUID, str]:
    """These runs' cards as HTML. However many there are, the database is asked the same few times."""
    ends = reading.ends(runs, END)
    return {run.pk: _html(run, ends.get(run.pk, b"")) for run in runs}


def _html(run: Run, end: bytes) -> str:
    return render_to_string("runs/card.html", {"run": frames.state(run), "lines": _last(end)}).strip()


def _last(end: bytes) -> list[rendering.Line]:
    """The last lines that say something: a card has a bar for progress, and where a group ends is no news."""
    said: list[rendering.Line] = []
    for data in reversed(end.removesuffix(b"\n").split(b"\n") if end else []):
        line = rendering.Line(0, rendering.text(data))  # a card does not number them
        if line.kind not in {"progress", "endgroup"}:
            said.append(line)
        if len(said) == LAST:
            break
    return said[::-1]


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
