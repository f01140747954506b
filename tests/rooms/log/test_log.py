"""The log of a room: numbers without holes, events stored once, refusals that affect no other command."""

import json
import threading
import uuid

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from proj.accounts.models import User
from proj.rooms.log import writing
from proj.rooms.log.commands import Command, Noted, Refusal, Repeated, Verb, Written
from proj.rooms.log.frames import Kind
from proj.rooms.models import Event, Membership, Room, new_epoch
from proj.rooms.text import emoji

pytestmark = pytest.mark.django_db


@pytest.fixture
def lobby(db: None) -> Room:
    return Room.objects.create(name="lobby")


def command(verb: Verb, room: Room, author: User, text: str = "", target: int = 0, client_id: str = "") -> Command:
    return Command(verb, room.pk, author.pk, client_id or str(uuid.uuid4()), text, target)


def test_a_batch_is_numbered_without_holes_in_each_room(alice: User, bob: User, lobby: Room) -> None:
    other = Room.objects.create(name="运维")
    batch = [command("post", (lobby, other)[n % 3 == 0], (alice, bob)[n % 2], f"text {n}") for n in range(30)]
    outcomes = writing.write(batch)
    for room in (lobby, other):
        room.refresh_from_db()
        numbers = [o.seq for o in outcomes if isinstance(o, Written) and o.room == room.pk]
        assert numbers == list(range(1, room.seq + 1))
        assert list(room.events.order_by("seq").values_list("seq", flat=True)) == numbers


def test_the_same_client_id_is_stored_once_and_answered_with_its_number(alice: User, lobby: Room) -> None:
    first = command("post", lobby, alice, "hi")
    written, repeated = writing.write([first, first])
    assert isinstance(written, Written)
    assert repeated == Repeated(lobby.pk, written.seq)
    assert writing.write([first]) == [Repeated(lobby.pk, written.seq)]
    assert lobby.events.count() == 1


def test_two_people_may_use_the_same_client_id(alice: User, bob: User, lobby: Room) -> None:
    same = str(uuid.uuid4())
    outcomes = writing.write([command("post", lobby, person, "hi", client_id=same) for person in (alice, bob)])
    assert [type(outcome) for outcome in outcomes] == [Written, Written]


def test_the_frame_equals_the_frame_of_a_replay(alice: User, lobby: Room) -> None:
    (written,) = writing.write([command("post", lobby, alice, "zwei\nZeilen ✓")])
    assert isinstance(written, Written)
    assert json.loads(written.frame) == Event.objects.get().frame()


def test_the_frame_has_the_display_name_of_its_author(alice: User, bob: User, lobby: Room) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            writing.write([command("post", lobby, alice, "one"), command("post", lobby, bob, "two")])
        return len(captured)

    without = queries()
    alice.call("Alice Liddell")
    assert queries() == without
    written = [lobby.post(alice, "hi"), lobby.post(bob, "hi"), lobby.edit(alice, 5, "hello")]
    events = [json.loads(one.frame) for one in written if isinstance(one, Written)]
    assert [(one["author"], one.get("name")) for one in events] == [
        ("alice", "Alice Liddell"),
        ("bob", None),
        ("alice", None),
    ]
    assert [event.frame().get("name") for event in lobby.events_after(4, 10)] == ["Alice Liddell", None, None]


def test_an_edit_changes_the_message_and_is_an_event(alice: User, lobby: Room) -> None:
    lobby.post(alice, "helo")
    edited = lobby.edit(alice, 1, "hello")
    assert isinstance(edited, Written)
    assert json.loads(edited.frame)["message"] == 1
    message, edit = lobby.events_after(0, 10)
    assert (message.text, message.edited_at, edit.kind) == ("hello", edit.at, Kind.EDITED)


def test_a_message_can_be_changed_by_the_batch_that_posts_it(alice: User, lobby: Room) -> None:
    outcomes = writing.write([command("post", lobby, alice, "a"), command("edit", lobby, alice, "b", target=1)])
    assert [type(outcome) for outcome in outcomes] == [Written, Written]
    assert lobby.events.get(seq=1).text == "b"


def test_a_deleted_message_leaves_its_place_and_none_of_its_text(alice: User, lobby: Room) -> None:
    lobby.post(alice, "the password is hunter2")
    lobby.edit(alice, 1, "the password is hunter3")
    lobby.delete_message(alice, 1)
    assert not lobby.events.filter(text__contains="hunter").exists()
    assert [event.seq for event in lobby.events_after(0, 10)] == [1, 2, 3]
    assert lobby.messages_before(None, 10)[0].deleted_at is not None


def test_another_persons_message_cannot_be_changed(alice: User, bob: User, lobby: Room) -> None:
    lobby.post(alice, "mine")
    for outcome in (lobby.edit(bob, 1, "yours"), lobby.delete_message(bob, 1)):
        assert isinstance(outcome, Refusal)
        assert outcome.code == "not_yours"
    assert lobby.events.get().text == "mine"


@pytest.mark.parametrize("target", [0, 2, 99])
def test_an_event_that_is_no_message_cannot_be_changed(alice: User, lobby: Room, target: int) -> None:
    lobby.post(alice, "mine")
    lobby.edit(alice, 1, "still mine")  # event 2
    outcome = lobby.edit(alice, target, "x")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "no_such_message"


def test_a_refused_command_does_not_affect_the_others(alice: User, bob: User, lobby: Room) -> None:
    bob.is_active = False
    bob.save()
    outcomes = writing.write([command("post", lobby, bob, "no"), command("post", lobby, alice, "yes")])
    assert [type(outcome) for outcome in outcomes] == [Refusal, Written]
    assert lobby.events.get().text == "yes"


def test_only_members_post_in_a_members_only_room(alice: User, bob: User) -> None:
    den = Room.objects.create(name="den", members_only=True)
    Membership.objects.create(room=den, user=alice)
    assert isinstance(den.post(alice, "hi"), Written)
    outcome = den.post(bob, "let me in")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "no_access"


def test_a_forbidden_room_cannot_be_found(alice: User, bob: User) -> None:
    den = Room.objects.create(name="den", members_only=True)
    den.add_member(alice, by=alice)
    assert list(Room.objects.of(alice)) == [den]
    assert not Room.objects.of(bob).exists()
    with pytest.raises(Room.DoesNotExist):
        Room.called(bob, "DEN")
    with pytest.raises(Room.NameRefused):
        Room.visit(bob, "DEN")
    den.remove_member(alice, by=alice)
    assert not Room.objects.of(alice).exists()
    assert [event.kind for event in den.events.all()] == [Kind.MEMBER_ADDED, Kind.MEMBER_REMOVED]


def test_a_room_is_made_by_the_first_visit_only(alice: User, bob: User) -> None:
    assert Room.visit(alice, "Ops") == Room.visit(bob, "ops")


def test_nobody_posts_in_an_archived_room(alice: User, lobby: Room) -> None:
    lobby.archived_at = lobby.created_at
    lobby.save()
    assert isinstance(lobby.post(alice, "anyone?"), Refusal)


def test_seen_only_grows_and_never_beyond_the_head(alice: User, lobby: Room) -> None:
    for n in range(3):
        lobby.post(alice, str(n))
    assert lobby.mark_seen(alice, 2) == Noted(lobby.pk, '{"type":"seen","who":"alice","seq":2}', alice.pk, 2)
    assert lobby.mark_seen(alice, 1) == Noted(lobby.pk, "")
    lobby.mark_seen(alice, 99)
    assert lobby.seen_by() == [("alice", 3)]
    assert Room.objects.of(alice).with_unread(alice).get().unread == 0  # type: ignore[attr-defined]


def test_history_comes_in_pages_oldest_first(alice: User, lobby: Room) -> None:
    writing.write([command("post", lobby, alice, str(n)) for n in range(1, 11)])
    assert [m.seq for m in lobby.messages_before(None, 3)] == [8, 9, 10]
    assert [m.seq for m in lobby.messages_before(8, 3)] == [5, 6, 7]
    assert lobby.messages_before(1, 3) == []


def test_an_epoch_is_not_repeated() -> None:
    assert new_epoch() != new_epoch()


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_leave_no_hole_and_no_double(alice: User, bob: User) -> None:
    room = Room.objects.create(name="busy")
    mine = [command("post", room, alice, str(n)) for n in range(40)]

    def work() -> None:
        try:
            for one in mine:
                writing.write([one])
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(room.events.order_by("seq").values_list("seq", flat=True)) == list(range(1, 41))


@pytest.mark.django_db(transaction=True)
def test_posting_works_without_redis(alice: User, settings: object) -> None:
    room = Room.objects.create(name="quiet")
    settings.CHANNEL_LAYERS = {  # type: ignore[attr-defined]
        "default": {
            "BACKEND": "proj.layer.redis.frame_layer.FrameLayer",
            "CONFIG": {"hosts": [{"address": "unix:///nowhere/redis.sock", "socket_timeout": 30}]},
        }
    }
    assert isinstance(room.post(alice, "still stored"), Written)


def test_looks_are_kept_beside_the_text_and_go_with_it(alice: User, lobby: Room) -> None:
    posted = lobby.post(alice, "so *this*")
    assert isinstance(posted, Written)
    assert json.loads(posted.frame)["html"] == "<p>so <em>this</em></p>"
    assert json.loads(posted.frame) == Event.objects.get().frame()
    edited = lobby.edit(alice, 1, "so **that**")
    assert isinstance(edited, Written)
    assert json.loads(edited.frame)["html"] == lobby.events.get(seq=1).html == "<p>so <strong>that</strong></p>"
    lobby.edit(alice, 1, "plain")
    assert "html" not in lobby.events.get(seq=1).frame()
    lobby.delete_message(alice, 1)
    assert set(lobby.events.values_list("html", flat=True)) == {""}


def test_looks_can_be_made_again(alice: User, lobby: Room, capsys: pytest.CaptureFixture[str]) -> None:
    lobby.post(alice, "so *this*")
    lobby.post(alice, "plain")
    lobby.events.update(html="<p>of old</p>")
    call_command("rerender")
    assert "2 messages look different" in capsys.readouterr().out
    assert list(lobby.events.order_by("seq").values_list("html", flat=True)) == ["<p>so <em>this</em></p>", ""]


def test_reactions_are_kept_in_order_and_each_once(alice: User, bob: User, lobby: Room) -> None:
    lobby.post(alice, "done")
    for person, sign in ((bob, "🎉"), (alice, "👍"), (alice, "🎉")):
        assert isinstance(lobby.react(person, 1, sign), Written)
    assert lobby.react(bob, 1, "🎉") == Repeated(lobby.pk, 1)
    assert lobby.events.get(seq=1).frame()["reactions"] == {"🎉": ["bob", "alice"], "👍": ["alice"]}
    taken = lobby.react(alice, 1, "👍", on=False)
    assert isinstance(taken, Written)
    assert json.loads(taken.frame) == lobby.events.get(seq=taken.seq).frame()
    assert json.loads(taken.frame) | {"at": "", "client_id": ""} == {
        "type": "message.unreacted",
        "seq": 5,
        "author": "alice",
        "message": 1,
        "text": "👍",
        "at": "",
        "client_id": "",
    }
    assert lobby.react(alice, 1, "👍", on=False) == Repeated(lobby.pk, 1)
    assert lobby.events.get(seq=1).frame()["reactions"] == {"🎉": ["bob", "alice"]}
    lobby.delete_message(alice, 1)
    assert "reactions" not in lobby.events.get(seq=1).frame()
    for refused in (lobby.react(bob, 1, "🎉"), lobby.react(bob, 2, "🎉"), lobby.react(bob, 99, "🎉")):
        assert isinstance(refused, Refusal)
        assert refused.code == "no_such_message"


def test_only_known_emoji_and_not_too_many_are_reactions(alice: User, lobby: Room) -> None:
    lobby.post(alice, "done")
    assert isinstance(lobby.react(alice, 1, "<b>"), Refusal)
    outcomes = [lobby.react(alice, 1, sign) for sign in sorted(emoji.ALL)[:21]]
    assert [type(outcome) for outcome in outcomes] == [Written] * 20 + [Refusal]
    assert isinstance(lobby.react(alice, 1, sorted(emoji.ALL)[0], on=False), Written)


def test_a_message_can_be_reacted_to_by_the_batch_that_posts_it(alice: User, bob: User, lobby: Room) -> None:
    batch = [command("post", lobby, alice, "a"), command("react", lobby, bob, "🎉", target=1)]
    assert [type(outcome) for outcome in writing.write(batch)] == [Written, Written]
    assert lobby.events.get(seq=1).frame()["reactions"] == {"🎉": ["bob"]}


@pytest.mark.parametrize("text", ["", "\u3164", "\u2800\u2800", "\u034f \u200d"])
def test_a_text_that_shows_nothing_is_refused(alice: User, lobby: Room, text: str) -> None:
    lobby.post(alice, "hello")
    for outcome in (lobby.post(alice, text), lobby.edit(alice, 1, text)):
        assert isinstance(outcome, Refusal)
        assert outcome.code == "empty"
    assert lobby.events.get().text == "hello"
