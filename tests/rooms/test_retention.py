"""The part of a log over its limits goes from the beginning; pages and sockets stay right."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from consumers.interface.feeds import rooms
from proj.accounts.models import User
from proj.rooms import retention
from proj.rooms.log.frames import Kind
from proj.rooms.models import Room
from proj.runs import clock
from proj.runs.management.commands.clock import all_jobs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def room(alice: User) -> Room:
    """A room with ten messages: of number n, ten minus n days old, and two hours more."""
    room = Room.visit(alice, "lobby")
    for n in range(1, 11):
        room.post(alice, f"message {n}")
        room.events.filter(seq=n).update(at=timezone.now() - timedelta(days=10 - n, hours=2))
    return room


def left(room: Room) -> list[int]:
    return [event.seq for event in room.events_after(0, 100)]


def missed(room: Room, seq: int | None) -> rooms.Replay:
    (answer,) = rooms.replays([rooms.Arrival(room.pk, room.epoch, seq)])
    assert isinstance(answer, rooms.Replay)
    return answer


@pytest.mark.parametrize(
    ("days", "messages", "kept"),
    [(None, None, 10), (3, None, 3), (None, 4, 4), (3, 6, 3), (7, 2, 2), (36_500, 100, 10), (1, 1, 1)],
)
def test_the_stricter_limit_counts(room: Room, days: int | None, messages: int | None, kept: int) -> None:
    room.keep(days, messages)
    retention.prune_all()
    assert left(room) == list(range(11 - kept, 11))
    retention.prune_all()
    assert len(left(room)) == kept


def test_limits_by_which_messages_go_are_asked_about_first(room: Room, alice: User, client: Client) -> None:
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    room.keep(None, 9)
    asked = client.post("/chat/lobby/settings/keep/", {"days": "3", "messages": ""})
    assert "Delete 6 messages?" in asked.content.decode()  # number 1 is over the present limit already
    room.refresh_from_db()
    assert (room.keep_days, room.keep_messages) == (None, 9)
    sure = dict(re.findall(r'name="(\w+)" value="(\w*)"', asked.content.decode()))
    assert client.post("/chat/lobby/settings/keep/", sure).status_code == 302
    room.refresh_from_db()
    assert (room.keep_days, room.keep_messages) == (3, None)
    retention.prune_all()
    assert left(room) == [8, 9, 10]
    assert client.post("/chat/lobby/settings/keep/", {"days": "4", "messages": "8"}).status_code == 302


def test_the_last_hour_stays_under_all_limits(room: Room, alice: User) -> None:
    for n in range(3):
        room.post(alice, f"fresh {n}")
    room.keep(None, 1)
    retention.prune_all()
    assert left(room) == [11, 12, 13]


def test_a_page_behind_the_kept_log_loads_again_and_others_go_on(room: Room) -> None:
    room.keep(None, 4)
    retention.prune_all()
    room.refresh_from_db()
    assert (room.pruned, room.seq) == (6, 10)
    assert missed(room, 5).reset
    assert not missed(room, 5).pieces
    for seq in (6, 8, 10):
        answer = missed(room, seq)
        assert not answer.reset
        assert [piece.end for piece in answer.pieces] == list(range(seq + 1, 11))
    assert not missed(room, None).reset


def test_history_begins_later_and_says_so(room: Room, alice: User, client: Client) -> None:
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert "are not kept" not in client.get("/chat/lobby/").content.decode()
    room.keep(None, 4)
    retention.prune_all()
    page = client.get("/chat/lobby/").content.decode()
    assert "message 6" not in page
    assert "message 7" in page
    assert "are not kept" in page
    history = client.get("/chat/lobby/messages/?before=9").json()
    assert [message["seq"] for message in history["messages"]] == [7, 8]
    assert not history["more"]
    assert client.get("/chat/lobby/6/").status_code == 404
    assert client.get("/chat/lobby/7/").status_code == 200


def test_a_message_that_is_gone_does_not_live_on_in_its_edits(room: Room, alice: User) -> None:
    room.edit(alice, 2, "a *secret*")
    room.edit(alice, 10, "kept")
    room.keep(5, None)
    retention.prune_all()
    changes = room.events_after(10, 10)
    assert [(event.kind, event.text, event.html) for event in changes] == [
        (Kind.DELETED, "", ""),
        (Kind.EDITED, "kept", ""),
    ]


def test_a_room_of_which_all_is_gone_goes_on(room: Room, alice: User) -> None:
    room.events.update(at=timezone.now() - timedelta(days=50))
    room.keep(1, None)
    retention.prune_all()
    assert left(room) == []
    room.post(alice, "again")
    assert left(room) == [11]
    assert not missed(room, 10).reset
    assert missed(room, 9).reset


def test_a_large_log_goes_in_portions(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "EVENTS_PER_TRANSACTION", 2)
    room.keep(None, 3)
    retention.prune_all()
    assert left(room) == [8, 9, 10]


def test_the_command_lists_its_deletions_and_a_dry_run_makes_none(room: Room) -> None:
    def prune(*arguments: str) -> str:
        said = StringIO()
        call_command("prune", *arguments, stdout=said)
        return said.getvalue()

    assert prune() == ""
    room.keep(None, 4)
    assert prune("--dry-run").startswith("lobby: 6 events until ")
    assert len(left(room)) == 10
    assert prune("LOBBY").strip().endswith("UTC deleted")
    assert len(left(room)) == 4
    with pytest.raises(CommandError):
        prune("nowhere")


def test_the_clock_does_it() -> None:
    jobs = [job for _, job in all_jobs()]
    assert retention.prune_all in jobs
    assert {job for _, job in clock.JOBS} < set(jobs)
