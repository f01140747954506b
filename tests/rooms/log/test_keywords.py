"""Keywords call people like mentions."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from proj.accounts.models import Keyword, User
from proj.layer.messages import PeopleFrame
from proj.monotonic import NEVER
from proj.rooms.log import keywords, writing
from proj.rooms.log.commands import Command
from proj.rooms.log.keywords import Keywords
from proj.rooms.models import Membership, Mention, Room


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("web1", "restarting WEB1 now", True),
        ("web1", "web1", True),
        ("web1", "web10 and oldweb1", False),
        ("web1", "`web1.example.org`", True),
        ("web-1", "is web-1, ok?", True),
        ("web-1", "web-12, myweb-1", False),
        ("data base", "the Data Base is full", True),
        ("data base", "data bases", False),
        ("#db", "look at #db", True),
        ("straße", "STRASSE", True),
        ("web1", "重启web1服务", True),
        ("支付", "支付服务挂了", True),
        ("web服务", "重启web服务", True),
        ("web服务", "oldweb服务", False),
        ("база", "База упала", True),
        ("база", "базара", False),
    ],
)
def test_a_keyword_is_found_as_a_whole_word(word: str, text: str, found: bool) -> None:
    assert Keywords([(7, word)]).found(text) == ({7} if found else set())


def test_people_share_keywords() -> None:
    found = Keywords([(1, "web1"), (2, "WEB1"), (3, "web2"), (1, "web2")])
    assert found.found("web1") == {1, 2}
    assert found.found("web2, web1") == {1, 2, 3}
    assert not Keywords(())


def test_what_is_typed_is_parted_and_bounded() -> None:
    assert Keyword.checked(" web1,Data   base\nweb1, WEB1,, 支付") == ["WEB1", "Data base", "支付"]
    for wrong in ("x", "!!!", "y" * 41, ", ".join(f"word{n}" for n in range(11)), "a\0b"):
        with pytest.raises(ValidationError):
            Keyword.checked(wrong)


@pytest.fixture
def lobby(db: None) -> Room:
    return Room.objects.create(name="lobby")


def keep(user: User, *words: str) -> None:
    Keyword.keep(user, words)
    keywords.cache.read_at = NEVER


def mentioned(room: Room, user: User) -> int:
    found: int = Room.objects.of(user).with_unread(user).get(pk=room.pk).mentioned  # type: ignore[attr-defined]
    return found


@pytest.mark.django_db
def test_a_keyword_calls_its_person_and_nobody_else_knows(lobby: Room, alice: User, bob: User, charlie: User) -> None:
    keep(bob, "web1")
    keep(alice, "web1")
    outcome = lobby.post(alice, "web1 is slow")
    messages = writing.announcements([outcome])
    [call] = [message for message in messages if isinstance(message, PeopleFrame)]
    assert call.users == [bob.pk]
    assert json.loads(call.frame) == {"type": "called", "room": lobby.pk, "seq": 1, "author": "alice"}
    assert outcome.posted.mentions == ()  # type: ignore[union-attr]
    assert [mentioned(lobby, one) for one in (alice, bob, charlie)] == [0, 1, 0]
    lobby.edit(alice, 1, "it is fine")
    assert mentioned(lobby, bob) == 0
    lobby.edit(alice, 1, "WEB1 is fine")
    assert mentioned(lobby, bob) == 1
    lobby.post(alice, "@bob, web1!")
    assert Mention.objects.filter(seq=4).count() == 1
    keep(bob)
    lobby.post(alice, "web1 again")
    assert mentioned(lobby, bob) == 2


@pytest.mark.django_db
def test_a_keyword_calls_nobody_from_a_muted_or_a_strange_room(
    lobby: Room, alice: User, bob: User, charlie: User
) -> None:
    keep(bob, "web1")
    keep(charlie, "web1")
    lobby.mute(bob)
    lobby.post(alice, "web1")
    assert [mentioned(lobby, one) for one in (bob, charlie)] == [0, 1]
    den = Room.objects.create(name="den", members_only=True)
    for person in (alice, bob):
        Membership.objects.create(room=den, user=person)
    den.post(alice, "web1")
    assert list(Mention.objects.filter(room=den).values_list("user", flat=True)) == [bob.pk]


@pytest.mark.django_db
def test_keywords_cost_no_statement_while_no_message_has_one(lobby: Room, alice: User, bob: User) -> None:
    def statements(text: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            lobby.post(alice, text)
        return len(caught)

    plain = statements("hello")
    keep(bob, "web1")
    assert statements("hello") == plain + 1  # it reads them, once in a while
    assert [statements("hello"), statements("web10")] == [plain, plain]
    assert statements("web1") == plain + 2  # the mutes, and the row
    keywords.cache.read_at = NEVER
    commands = [Command("post", lobby.pk, alice.pk, f"id {n}", "web1") for n in range(3)]
    assert len(writing.write(commands)) == 3
    assert mentioned(lobby, bob) == 4
