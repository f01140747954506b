"""The search finds the messages that a person may see, and no others."""

import html
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from proj.accounts.models import User
from proj.rooms.log import writing
from proj.rooms.log.commands import Command
from proj.rooms.models import Event, Membership, Room
from proj.rooms.search import finding, index
from proj.rooms.search.finding import Question

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lobby(db: None) -> Room:
    return Room.objects.create(name="lobby")


def found(user: User, text: str, **more: object) -> list[str]:
    """Return the texts that `user` finds, newest first."""
    index.keep_up()
    return [message.text for message in finding.find(user, Question(text, **more)).messages]  # type: ignore[arg-type]


TEXTS = [
    "The deployment of web1 failed: exit status 3",
    "运维室的服务器坏了",
    "Сервер упал, перезагружаю",
    "データベースを復旧しました",
    "ข้อมูลสำรองเสร็จแล้ว",
    "naïve STRASSE, ＦＵＬＬ ｗｉｄｔｈ, error_rate=0.5 at https://web2.example.org/path",
]


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("deploy", 0),
        ("DEPLOYMENT WEB1", 0),
        ("status 3", 0),
        ("运维", 1),
        ("服务器", 1),
        ("坏", 1),
        ("了", 1),
        ("сервер", 2),
        ("УПАЛ серв", 2),
        ("復旧", 3),
        ("データベース", 3),
        ("สำรอง", 4),
        ("straße", 5),
        ("full width", 5),
        ("rate", 5),
        ("example.org", 5),
    ],
)
def test_messages_are_found_in_any_script(lobby: Room, alice: User, query: str, at: int) -> None:
    for text in TEXTS:
        lobby.post(alice, text)
    assert found(alice, query) == [TEXTS[at]]


@pytest.mark.parametrize("query", ["eployment", "维运", "deploy сервер", "nothing like it", "服务员"])
def test_missing_words_are_not_found(lobby: Room, alice: User, query: str) -> None:
    for text in TEXTS:
        lobby.post(alice, text)
    assert found(alice, query) == []


@pytest.mark.parametrize(
    "query",
    [
        '"',
        "'",
        "*",
        "(",
        ") OR 1=1 --",
        "NEAR(a b)",
        "words:x",
        "r",
        "a",
        ":r1",
        ":a1",
        "\0",
        "-",
        "'; DROP TABLE rooms_event",
        "%",
        "\\",
        "a" * 9000,
        "\u202e",
        "😀",
    ],
)
def test_hostile_questions_are_only_words(lobby: Room, alice: User, query: str) -> None:
    lobby.post(alice, "hello")
    assert found(alice, query) == []
    assert Event.objects.count() == 1


def test_nobody_finds_messages_of_closed_rooms(lobby: Room, alice: User, bob: User) -> None:
    den = Room.objects.create(name="den", members_only=True)
    Membership.objects.create(room=den, user=bob)
    den.post(bob, "secret plan")
    lobby.post(bob, "open plan")
    assert found(bob, "plan") == ["open plan", "secret plan"]
    assert found(alice, "plan") == ["open plan"]
    assert found(alice, "plan", room=den) == []
    assert found(alice, "plan", author=bob) == ["open plan"]
    den.add_member(alice, bob)
    assert found(alice, "plan") == ["open plan", "secret plan"]


def test_former_texts_of_messages_are_not_found(lobby: Room, alice: User) -> None:
    lobby.post(alice, "password hunter2")
    lobby.post(alice, "rubbish")
    assert found(alice, "hunter2") == ["password hunter2"]
    lobby.edit(alice, 1, "password hidden")
    lobby.delete_message(alice, 2)
    assert finding.find(alice, Question("rubbish")).messages == []  # at once, before the index is refreshed
    assert found(alice, "hunter2") == []
    assert found(alice, "hidden") == ["password hidden"]
    assert found(alice, "rubbish") == []


def test_search_is_narrowed_by_room_person_and_time(lobby: Room, alice: User, bob: User) -> None:
    other = Room.objects.create(name="other")
    lobby.post(alice, "one beer")
    lobby.post(bob, "two beers")
    other.post(alice, "three beers")
    assert found(alice, "beer", room=lobby) == ["two beers", "one beer"]
    assert found(alice, "beer", author=alice) == ["three beers", "one beer"]
    assert found(alice, "", author=bob) == ["two beers"]
    assert found(alice, "") == []
    now = timezone.now()
    for event, days in zip(Event.objects.order_by("pk"), (5, 3, 1), strict=True):
        Event.objects.filter(pk=event.pk).update(at=now - timedelta(days=days))
    assert found(alice, "beer", since=now - timedelta(days=4)) == ["three beers", "two beers"]
    assert found(alice, "beer", until=now - timedelta(days=2)) == ["two beers", "one beer"]
    assert found(alice, "beer", since=now - timedelta(days=4), until=now - timedelta(days=2)) == ["two beers"]


def test_more_is_found_page_by_page(lobby: Room, alice: User) -> None:
    writing.write([Command("post", lobby.pk, alice.pk, f"id {n}", f"number {n}") for n in range(45)])
    index.keep_up()
    seen: list[str] = []
    before: int | None = finding.NEWEST_ID
    while before is not None:
        page = finding.find(alice, Question("number"), before)
        seen += [message.text for message in page.messages]
        before = page.before
    assert seen == [f"number {n}" for n in reversed(range(45))]


def test_the_index_takes_in_each_new_event_once(lobby: Room, alice: User) -> None:
    lobby.post(alice, "one")
    lobby.edit(alice, 1, "two")
    lobby.react(alice, 1, "🎉")
    assert index.keep_up() == 3
    assert index.keep_up() == 0
    lobby.post(alice, "three")
    assert index.keep_up() == 1
    lobby.events.filter(seq=4).delete()
    index.sweep()
    assert found(alice, "three") == []


# The page


@pytest.fixture
def as_alice(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def page(client: Client, **query: str) -> str:
    return client.get("/search/", query).content.decode()


def test_the_page_shows_results_with_their_neighbours(as_alice: Client, lobby: Room, alice: User, bob: User) -> None:
    lobby.post(bob, "what is <wrong>?")
    lobby.post(alice, "the <b>disk</b> of web1")
    lobby.post(bob, "\x1b[31magain?\x1b[0m")
    shown = page(as_alice, q="disk")
    assert "the &lt;b&gt;<mark>disk</mark>&lt;/b&gt; of web1" in shown
    assert "what is &lt;wrong&gt;?" in shown
    assert "</bdi>: again?\n" in shown  # without the codes of a terminal
    assert 'href="/chat/lobby/2/"' in shown


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("the **disk** of `web1` is [full](https://e.org/x)", "disk", "the <mark>disk</mark> of web1 is full</p>"),
        ("exit **status** 3", '"exit status 3"', "<mark>exit status 3</mark></p>"),
        ("> the disk\n\nwhich one?", "disk", "“the <mark>disk</mark>”\nwhich one?</p>"),
        ("```\n**disk** <b>\n```", "disk", "**<mark>disk</mark>** &lt;b&gt;</p>"),
        (
            "look [here](https://e.org/disk) :tada:",
            "disk",
            "look here (https://e.org/<mark>disk</mark>) 🎉 (:tada:)</p>",
        ),
        ("**<script>disk</script>** &lt;b", "disk", "&lt;script&gt;<mark>disk</mark>&lt;/script&gt; &amp;lt;b</p>"),
        ('[d](https://e.org/?"><b>/disk)', "disk", "d (https://e.org/?%22%3E%3Cb%3E/<mark>disk</mark>)</p>"),
        ("~~disk~~ **amp** &amp;", "amp", "disk <mark>amp</mark> &amp;<mark>amp</mark>;</p>"),
    ],
)
def test_results_are_shown_as_they_read_and_not_as_typed(
    as_alice: Client, lobby: Room, alice: User, text: str, query: str, shown: str
) -> None:
    lobby.post(alice, "_first_")
    lobby.edit(alice, 1, text)
    assert shown in page(as_alice, q=query)
    lobby.post(alice, "needle")
    assert "**" not in page(as_alice, q="needle") or "```" in text  # the neighbours read so, too


def test_a_long_message_is_shown_where_the_word_stands(as_alice: Client, lobby: Room, alice: User) -> None:
    lobby.post(alice, "before " * 300 + "needle" + " after" * 300)
    shown = page(as_alice, q="needle")
    assert "<mark>needle</mark>" in shown
    assert shown.count("before") < 30
    lobby.post(alice, "**before** " * 300 + "`needle`" + " *after*" * 300)
    assert re.search("(before ){9,12}<mark>needle</mark>( after){30,60}", page(as_alice, q="needle"))


def test_nothing_and_nonsense_are_explained(as_alice: Client, lobby: Room, bob: User) -> None:
    Room.objects.create(name="den", members_only=True)
    assert "In all rooms that you may see" in page(as_alice)
    assert "“Words in quotes” are found just as they stand" in page(as_alice)
    assert "Nothing was found" in page(as_alice, q="needle")
    for name in ("den", "no such room"):
        answer = as_alice.get("/search/", {"q": "x", "room": name})
        assert (answer.status_code, "There is no such room." in answer.content.decode()) == (400, True)
    assert "There is nobody of that name." in page(as_alice, q="x", by="zoe")
    assert as_alice.get("/search/", {"q": "x", "room": "a\0b"}).status_code == 400
    assert as_alice.get("/search/", {"q": "x", "before": "-1"}).status_code == 400
    assert as_alice.get("/search/", {"q": "x", "until": "9999-12-31", "since": "0001-01-01"}).status_code == 200
    assert Client().get("/search/?q=x").status_code == 302


def test_a_search_that_stopped_says_so_and_goes_on(
    as_alice: Client, lobby: Room, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("the needle here", "here, a needle", "here, no needle"):
        lobby.post(alice, text)
    monkeypatch.setattr(finding, "IDS_PER_QUERY", (2,))
    first = page(as_alice, q='"needle here"')
    assert "The search stopped there" in first
    address = re.search(r'href="(\?[^"]*)" rel="next"', first)
    assert address
    assert 'class="hit"' in as_alice.get("/search/" + html.unescape(address[1])).content.decode()


def test_the_page_goes_on_to_older_ones(as_alice: Client, lobby: Room, alice: User) -> None:
    writing.write([Command("post", lobby.pk, alice.pk, f"id {n}", f"number {n}") for n in range(25)])
    first = page(as_alice, q="number", room="lobby")
    assert first.count('class="hit"') == 20
    address = re.search(r'href="(\?[^"]*)" rel="next"', first)
    assert address
    second = as_alice.get("/search/" + html.unescape(address[1])).content.decode()
    assert second.count('class="hit"') == 5
    assert 'rel="next"' not in second


def test_the_page_says_that_a_word_is_left_out(as_alice: Client, lobby: Room, alice: User) -> None:
    lobby.post(alice, "find / -name core")
    shown = page(as_alice, q="find -name")
    assert "Left out are messages with:" in shown
    address = re.search(r'href="(\?[^"]*)">Search for the words with their minus sign', shown)
    assert address
    literally = as_alice.get("/search/" + html.unescape(address[1])).content.decode()
    assert 'class="hit"' in literally
    assert "Left out" not in literally
