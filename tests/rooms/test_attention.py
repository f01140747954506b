"""Unread messages and mentions ask for a person's attention; the database counts them."""

import json

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from proj.accounts.models import User
from proj.layer.messages import ActivityUpdate, PersonFrame
from proj.layer.names import INTERFACES_GROUP
from proj.rooms.log import activity, writing
from proj.rooms.log.commands import Command, Outcome
from proj.rooms.models import Membership, Mention, Room, attention

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lobby(db: None) -> Room:
    return Room.objects.create(name="lobby")


def counts(room: Room, user: User) -> tuple[int, int]:
    """Return the numbers of unread messages and mentions of `user` in `room`."""
    found = Room.objects.of(user).with_unread(user).get(pk=room.pk)
    return found.unread, found.mentioned  # type: ignore[attr-defined]


def test_only_messages_of_others_count_as_unread(lobby: Room, alice: User, bob: User) -> None:
    lobby.post(alice, "one")
    lobby.post(bob, "two")
    lobby.edit(alice, 1, "one, edited")
    lobby.react(bob, 1, "🎉")
    lobby.add_member(bob, alice)
    assert counts(lobby, alice) == (1, 0)
    assert counts(lobby, bob) == (1, 0)
    lobby.mark_seen(alice, 2)
    assert counts(lobby, alice) == (0, 0)
    lobby.delete_message(alice, 1)
    assert counts(lobby, bob) == (0, 0)


def test_mentions_count_by_name_and_by_here(lobby: Room, alice: User, bob: User) -> None:
    lobby.post(alice, "hello @bob and @Bob and @nobody, `not @bob`")
    lobby.post(alice, "@here, lunch")
    lobby.post(alice, "and @alice")
    assert counts(lobby, bob) == (3, 2)
    assert counts(lobby, alice) == (0, 0)  # nobody calls themselves
    lobby.mark_seen(bob, 1)
    assert counts(lobby, bob) == (2, 1)


def test_a_name_in_another_script_is_found_as_it_is_written(lobby: Room, alice: User) -> None:
    olga = User.objects.create_user("ольга")
    lobby.post(alice, "@ольга, @Alice")
    assert counts(lobby, olga) == (1, 1)


def test_the_longest_name_is_mentioned(lobby: Room, alice: User, bob: User) -> None:
    mail, carol = (User.objects.create_user(name) for name in ("bob@corp.example", "carol."))
    lobby.post(alice, "@bob@corp.example ping")
    assert (counts(lobby, bob), counts(lobby, mail)) == ((1, 0), (1, 1))
    lobby.post(alice, "@carol. and 请@bob看一下")
    assert (counts(lobby, bob), counts(lobby, carol)) == ((2, 1), (2, 1))
    longer = User.objects.create_user("bob你好")
    lobby.post(alice, "@bob你好")
    assert (counts(lobby, bob), counts(lobby, longer)) == ((3, 1), (3, 1))
    assert lobby.events.get(seq=3).html == '<p><span class="mention">@bob你好</span></p>'


def test_code_does_not_call_everybody(lobby: Room, alice: User, bob: User) -> None:
    lobby.post(alice, "npm i @here/maps-api")
    assert counts(lobby, bob) == (1, 0)
    lobby.post(alice, "@alice/@bob")
    assert counts(lobby, bob) == (2, 1)


def test_many_mentions_cost_as_many_statements_as_one(lobby: Room, alice: User, bob: User) -> None:
    def statements(text: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            writing.write([Command("post", lobby.pk, alice.pk, f"{n} {text}", text) for n in range(20)])
        return len(caught)

    assert statements("请@bob看一下这个问题") == statements("@bob")


def test_old_messages_are_rendered_with_the_mentions_of_all_people(lobby: Room, alice: User, bob: User) -> None:
    lobby.post(alice, "@bob @nobody")
    right = lobby.events.get().html
    bob.deactivate()
    lobby.events.update(html="old")
    call_command("rerender")
    assert lobby.events.get().html == right == '<p><span class="mention">@bob</span> @nobody</p>'


def test_edits_and_deletions_change_the_mentions(lobby: Room, alice: User, bob: User, charlie: User) -> None:
    lobby.post(alice, "@bob")
    lobby.edit(alice, 1, "@charlie")
    assert (counts(lobby, bob), counts(lobby, charlie)) == ((1, 0), (1, 1))
    lobby.delete_message(alice, 1)
    assert counts(lobby, charlie) == (0, 0)
    assert not Mention.objects.exists()


def test_a_message_mentions_only_people_with_access_to_it(alice: User, bob: User, charlie: User) -> None:
    den = Room.objects.create(name="den", members_only=True)
    Membership.objects.create(room=den, user=alice)
    Membership.objects.create(room=den, user=charlie)
    outcome = den.post(alice, "@bob @charlie @here")
    assert set(Mention.objects.values_list("user", flat=True)) == {charlie.pk, None}
    (message,) = activity.of([outcome])
    assert message.groups == (INTERFACES_GROUP,)
    (den_now,) = message.rooms
    assert (den_now.room, den_now.audience, den_now.more) == (den.pk, sorted([alice.pk, charlie.pk]), False)
    assert den_now.messages == [(1, "alice", ["charlie", "here"])]


def test_a_quiet_room_calls_only_by_name(lobby: Room, alice: User, bob: User) -> None:
    lobby.mute(bob)
    lobby.mute(bob)
    lobby.post(alice, "@here")
    assert counts(lobby, bob) == (1, 0)
    lobby.post(alice, "@bob")
    assert counts(lobby, bob) == (2, 1)
    lobby.mute(bob, on=False)
    assert counts(lobby, bob) == (2, 2)


def test_a_message_without_mentions_costs_no_statement_more(lobby: Room, alice: User, bob: User) -> None:
    def statements(text: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            lobby.post(alice, text)
        return len(caught)

    plain = statements("hello")
    assert statements("**hello** mail@example.org") == plain
    assert statements("@bob") == plain + 2


def test_a_very_unread_room_is_counted_up_to_a_limit(lobby: Room, alice: User, bob: User) -> None:
    writing.write([Command("post", lobby.pk, alice.pk, f"id {n}", "@bob") for n in range(1200)])
    assert counts(lobby, bob) == (1000, 1000)


def test_of_a_busy_room_the_newest_and_those_with_mentions_are_listed(lobby: Room, alice: User, bob: User) -> None:
    texts = ["@bob", *("hello" for _ in range(30))]
    outcomes: list[Outcome] = writing.write(
        [Command("post", lobby.pk, alice.pk, f"id {n}", text) for n, text in enumerate(texts)]
    )
    (message,) = activity.of(outcomes)
    (room,) = message.rooms
    assert (room.audience, room.more, len(room.messages)) == (None, True, activity.MAX_LISTED_MESSAGES)
    assert [seq for seq, _, _ in room.messages] == [1, *range(13, 32)]


def test_much_news_goes_in_several_messages(alice: User) -> None:
    digest = activity.ActivityDigest()
    from proj.rooms.log.commands import Posted, Written

    audience = frozenset(range(8_000))
    digest.add(Written(room, 1, "", Posted("alice", (), audience)) for room in range(5))
    updates = digest.pop()
    assert [len(update.rooms) for update in updates] == [2, 2, 1]
    assert not digest


def test_a_read_position_is_announced_once(lobby: Room, alice: User, bob: User) -> None:
    lobby.post(bob, "hello")
    (message,) = activity.of([lobby.mark_seen(alice, 1)])
    assert message == ActivityUpdate(rooms=[], read=[(alice.pk, lobby.pk, 1)])
    assert activity.of([lobby.mark_seen(alice, 1)]) == []


def test_the_backlog_counts_the_messages_of_others_from_the_first_unread_one(
    lobby: Room, alice: User, bob: User
) -> None:
    for author, text in (
        (bob, "read"),
        (alice, "own"),
        (bob, "first"),
        (bob, "deleted"),
        (bob, "last"),
        (alice, "own"),
    ):
        lobby.post(author, text)
    lobby.delete_message(bob, 4)
    lobby.refresh_from_db()
    assert lobby.unread_by(alice) is None  # alice was never here
    lobby.mark_seen(alice, 1)
    with CaptureQueriesContext(connection) as caught:
        found = lobby.unread_by(alice, 1)
    assert len(caught) == 1
    assert found == {"count": 2, "first": 3, "at": lobby.events.get(seq=3).at.isoformat()}
    assert lobby.unread_by(alice) == found
    assert lobby.unread_by(alice, 5) is None
    with CaptureQueriesContext(connection) as caught:
        assert lobby.unread_by(alice, lobby.seq) is None
    assert not caught.captured_queries


def test_a_long_backlog_is_counted_up_to_a_limit(lobby: Room, alice: User, bob: User) -> None:
    writing.write([Command("post", lobby.pk, alice.pk, f"id {n}", "hello") for n in range(1200)])
    lobby.refresh_from_db()
    lobby.mark_seen(bob, 100)
    found = lobby.unread_by(bob)
    assert found is not None
    assert (found["count"], found["first"]) == (1000, 101)


def test_messages_are_marked_as_unread_again_on_all_pages_of_the_person(
    lobby: Room, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[PersonFrame] = []
    monkeypatch.setattr(attention, "publish", published.append)
    for n in range(5):
        lobby.post(bob, f"message {n}")
    lobby.refresh_from_db()
    lobby.mark_seen(alice, 5)
    found = lobby.mark_unread(alice, 4)
    assert found is not None
    assert (found["count"], found["first"]) == (2, 4)
    assert counts(lobby, alice) == (2, 0)
    assert published[0].user == alice.pk
    assert json.loads(published[0].frame) == {"type": "read", "room": lobby.pk, "seq": 3, "unread": found}
    assert lobby.mark_unread(alice, 5) == found  # it never reads a message
    assert counts(lobby, alice) == (2, 0)
    assert lobby.mark_unread(alice, 1) == {"count": 5, "first": 1, "at": lobby.events.get(seq=1).at.isoformat()}
    lobby.mark_seen(alice, 5)
    assert counts(lobby, alice) == (0, 0)


def test_a_first_visitor_marks_messages_as_unread(lobby: Room, alice: User, bob: User) -> None:
    for n in range(3):
        lobby.post(bob, f"message {n}")
    lobby.refresh_from_db()
    found = lobby.mark_unread(alice, 2)
    assert found is not None
    assert (found["count"], found["first"]) == (2, 2)
    assert counts(lobby, alice) == (2, 0)
