"""The rooms' pages as the test client sees them, on a real database."""

import html
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from django.test import Client

from proj.accounts.models import User
from proj.rooms.log.commands import Written
from proj.rooms.log.frames import Kind
from proj.rooms.models import Room

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "运维 чат #1"
HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">{{ 7|add:7 }}'


@pytest.fixture
def as_alice(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def address(name: str, rest: str = "") -> str:
    return f"/chat/{quote(name, safe='')}/{rest}"


def text(response: "Answer") -> str:
    return response.content.decode()


def state(response: "Answer") -> dict[str, Any]:
    """Return the state that the page gives to its modules."""
    found = re.search(r'<script id="room-state" type="application/json">(.*?)</script>', text(response), re.DOTALL)
    assert found
    page: dict[str, Any] = json.loads(found[1])
    return page


def shown(response: "Answer") -> list[int]:
    """Return the numbers of the messages on the page, in order."""
    return [int(seq) for seq in re.findall(r'data-seq="(\d+)"', text(response))]


def post(room: Room, author: User, *texts: str) -> list[int]:
    outcomes = [room.post(author, text) for text in texts]
    assert all(isinstance(outcome, Written) for outcome in outcomes)
    return [outcome.seq for outcome in outcomes if isinstance(outcome, Written)]


# Access


@pytest.mark.parametrize("path", ["/chat/", "/chat/lobby/", "/chat/lobby/messages/"])
def test_nobody_sees_a_page_without_signing_in(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=/chat/")
    assert not Room.objects.exists()


def test_a_members_room_is_not_open_to_others(as_alice: Client, alice: User, bob: User) -> None:
    room = Room.objects.create(name="staff", members_only=True)
    room.add_member(bob, bob)
    post(room, bob, "between us")
    page = as_alice.get(address("staff"))
    assert page.status_code == 404
    assert "between us" not in text(page)
    assert as_alice.get(address("staff", "messages/")).status_code == 404
    assert as_alice.post(address("staff", "mute/"), {"on": "1"}).status_code == 404
    assert "staff" not in text(as_alice.get("/chat/"))
    room.add_member(alice, bob)
    assert "between us" in text(as_alice.get(address("staff")))
    assert "staff" in text(as_alice.get("/chat/"))


def test_pages_are_not_kept_by_caches(as_alice: Client) -> None:
    for path in ("/chat/", "/chat/lobby/", "/chat/lobby/messages/"):
        assert "no-store" in as_alice.get(path)["Cache-Control"]


# The list of rooms


def test_the_list_is_empty_at_first(as_alice: Client) -> None:
    assert "There are no rooms yet" in text(as_alice.get("/chat/"))


def test_the_list_counts_unread_messages(as_alice: Client, alice: User, bob: User) -> None:
    room = Room.visit(bob, NAME)
    seqs = post(room, bob, "one", "two", "three")
    room.mark_seen(alice, seqs[0])
    page = text(as_alice.get("/chat/"))
    assert f'href="{address(NAME)}"' in page
    assert "2 unread" in page
    room.mark_seen(alice, seqs[-1])
    assert 'class="unread"' not in text(as_alice.get("/chat/"))


def test_a_room_is_opened_by_its_name(as_alice: Client, alice: User) -> None:
    Room.visit(alice, NAME)
    answer = as_alice.post("/chat/", {"name": f"  {NAME} "})
    assert answer.status_code == 302
    assert answer["Location"] == address(NAME)
    assert as_alice.get(answer["Location"]).status_code == 200


@pytest.mark.parametrize("name", ["", "   ", "a/b", ".", "..", "x" * 101, "tab\x07bell"])
def test_a_bad_name_is_explained(as_alice: Client, name: str) -> None:
    answer = as_alice.post("/chat/", {"name": name})
    assert answer.status_code == 400
    assert 'class="errorlist"' in text(answer)
    assert not Room.objects.exists()


# A room


@pytest.mark.parametrize("rest", ["", "1/"])
def test_a_visit_makes_no_room_but_asks(as_alice: Client, rest: str) -> None:
    assert as_alice.head(address(NAME, rest)).status_code == 404
    page = as_alice.get(address(f" {NAME} ", rest))
    assert page.status_code == 404
    assert "Make this room" in text(page)
    assert not Room.objects.exists()
    form = page.context["form"]
    answer = as_alice.post("/rooms/new/", {"name": form["name"].value(), "who": form["who"].value()})
    assert answer["Location"] == address(NAME)
    assert "Nothing has been said here yet" in text(as_alice.get(answer["Location"]))
    assert not Room.objects.get().members_only


def test_a_room_of_others_looks_like_one_that_is_not_there(as_alice: Client, bob: User) -> None:
    Room.objects.create(name="staff", members_only=True).add_member(bob, bob)
    there, not_there = (
        re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text(as_alice.get(address(name))))
        for name in ("staff", "stuff")
    )
    assert there == not_there.replace("stuff", "staff")
    assert as_alice.post("/rooms/new/", {"name": "staff", "who": "all"}).status_code == 400


@pytest.mark.parametrize("written", ["LOBBY", "Lobby", " lobby  "])
def test_a_room_has_one_address(as_alice: Client, alice: User, written: str) -> None:
    Room.visit(alice, "lobby")
    answer = as_alice.get(address(written))
    assert answer.status_code == 302
    assert answer["Location"] == address("lobby")


@pytest.mark.parametrize("name", ["x" * 101, "a\x07b", "\u202eabc"])
def test_a_room_with_a_bad_name_is_not_there(as_alice: Client, name: str) -> None:
    answer = as_alice.get(address(name))
    assert answer.status_code == 404
    assert "There is nothing here" in text(answer)
    assert not Room.objects.exists()


def test_a_room_shows_its_newest_messages(as_alice: Client, alice: User, bob: User) -> None:
    room = Room.visit(alice, NAME)
    seqs = post(room, bob, *(f"message {n}" for n in range(60)))
    page = as_alice.get(address(NAME))
    assert shown(page)[:50] == seqs[-50:]
    room.refresh_from_db()
    assert state(page) == {
        "room": NAME,
        "epoch": room.epoch,
        "seq": room.seq,
        "key": str(room.pk),
        "me": "alice",
        "archived": False,
        "more": True,
        "at": None,
        "atEnd": True,
        "mine": [],
        "seen": {},
        "unread": None,
        "people": ["here", "alice", "bob"],
        "names": {},
        "characters": 8000,
        "rules": {"groupSeconds": 300, "face": {"factor": 101, "modulus": 65_521, "hues": 12}},
        "urls": {
            "emoji": "/rooms/emoji/",
            "cards": "/rooms/cards/",
            "run": "/runs/start/",
            "cancel": "/runs/cancel/",
            "services": "/services/names/",
            "messages": address(NAME, "messages/"),
            "unread": address(NAME, "unread/"),
            "socket": f"/ws/chat/{quote(NAME, safe='')}/",
        },
    }


def test_an_edit_and_a_deletion_are_shown(as_alice: Client, alice: User) -> None:
    room = Room.visit(alice, "lobby")
    first, second = post(room, alice, "frist", "a secret")
    room.edit(alice, first, "first")
    room.delete_message(alice, second)
    answer = as_alice.get(address("lobby"))
    page = text(answer).partition("<template")[0]
    assert "first</p>" in page
    assert "frist" not in text(answer)
    assert page.count('class="edited"') == 1
    assert page.count("This message was deleted.") == 1
    assert "a secret" not in text(answer)
    assert state(answer)["seq"] == 4


def test_the_page_knows_the_persons_own_messages(as_alice: Client, alice: User, bob: User) -> None:
    room = Room.visit(alice, "lobby")
    mine = "6a0f4a5e-9d9c-4b5c-8f43-0d1b1b8f9f10"
    room.post(alice, "mine", mine)
    room.post(bob, "his")
    answer = as_alice.get(address("lobby"))
    assert state(answer)["mine"] == [mine]
    page = text(answer).partition("<template")[0]
    assert 'data-do="edit"' not in page  # the bar of the template has the buttons of all messages


def test_hostile_text_is_only_text(as_alice: Client, alice: User) -> None:
    room = Room.visit(alice, "lobby")
    post(room, alice, HOSTILE, "</p></li></ol><!--")
    page = text(as_alice.get(address("lobby")))
    assert html.escape(HOSTILE).replace("&#x27;", "'") in page.replace("&#x27;", "'")
    assert "<script>alert" not in page
    assert "<!--" not in page.replace("&lt;!--", "")


def test_hostile_names_are_only_text(as_alice: Client, alice: User) -> None:
    name = '"><script>alert(1)<'
    question = text(as_alice.get(address(name)))
    assert "Make this room" in question
    assert "<script>alert" not in question
    Room.visit(alice, name)
    page = text(as_alice.get(address(name))) + text(as_alice.get("/chat/"))
    assert "<script>alert" not in page


def test_no_page_has_inline_scripts_or_styles(as_alice: Client, alice: User) -> None:
    post(Room.visit(alice, "lobby"), alice, "hi")
    for path in ("/chat/", "/chat/lobby/", "/chat/\x07/", "/password/"):
        page = text(as_alice.get(path))
        assert not re.search(r"<style|\sstyle=|\son\w+=", page), path
        for script in re.findall(r"<script[^>]*>", page):
            assert " src=" in script or 'type="application/json"' in script, (path, script)
        assert "http://" not in page and "https://" not in page, path


def test_an_archived_room_can_be_read(as_alice: Client, alice: User) -> None:
    from django.utils import timezone

    room = Room.visit(alice, "old")
    post(room, alice, "history")
    room.archived_at = timezone.now()
    room.save()
    page = text(as_alice.get(address("old")))
    assert "This room is archived" in page
    assert "history" in page


def test_a_fault_is_explained_in_words(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret of the machinery")

    monkeypatch.setattr(Room, "called", broken)
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    answer = client.get(address("lobby"))
    assert answer.status_code == 500
    assert "Something went wrong" in text(answer)
    assert "a secret" not in text(answer)


def test_a_stale_form_is_explained_in_words(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post("/chat/", {"name": "lobby"})
    assert answer.status_code == 403
    assert "Please try again" in text(answer)
    assert not Room.objects.exists()


# History


def test_history_comes_in_pages(as_alice: Client, alice: User) -> None:
    room = Room.visit(alice, NAME)
    seqs = post(room, alice, *(f"message {n}" for n in range(7)))
    newest = as_alice.get(address(NAME, "messages/?limit=3")).json()
    assert {key: newest[key] for key in ("room", "epoch", "seq", "more")} == {
        "room": NAME,
        "epoch": room.epoch,
        "seq": seqs[-1],
        "more": True,
    }
    assert [message["seq"] for message in newest["messages"]] == seqs[-3:]
    older = as_alice.get(address(NAME, f"messages/?limit=4&before={seqs[-3]}")).json()
    assert [message["seq"] for message in older["messages"]] == seqs[:4]
    assert older["more"] is False
    assert older["messages"][0] | {"at": "", "client_id": ""} == {
        "type": "message.posted",
        "seq": seqs[0],
        "author": "alice",
        "text": "message 0",
        "at": "",
        "client_id": "",
    }


@pytest.mark.parametrize(
    "query", ["before=0", "before=-1", "before=x", "before=", "before=1e3", "before=²", "before=" + "9" * 30]
)
def test_a_bad_before_is_refused(as_alice: Client, alice: User, query: str) -> None:
    Room.visit(alice, "lobby")
    refused(as_alice.get(address("lobby", f"messages/?{query}")), "before")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=-5", "limit=ten", "limit="])
def test_a_bad_limit_is_refused(as_alice: Client, alice: User, query: str) -> None:
    Room.visit(alice, "lobby")
    refused(as_alice.get(address("lobby", f"messages/?{query}")), "limit")


def refused(answer: "Answer", field: str) -> None:
    assert answer.status_code == 400
    error = json.loads(answer.content)
    assert (error["type"], error["code"]) == ("error", "bad_field")
    assert error["detail"].startswith(f"{field} must be a whole number from 1 to ")


def test_history_of_no_room_makes_none(as_alice: Client) -> None:
    answer = as_alice.get(address("nowhere", "messages/"))
    assert answer.status_code == 404
    assert answer.json()["code"] == "no_such_room"
    assert not Room.objects.exists()


# The side list of every page


def test_the_rooms_beside_a_page_are_ones_own(as_alice: Client, alice: User, bob: User) -> None:
    post(Room.visit(bob, NAME), bob, "one", "two")
    Room.objects.create(name="staff", members_only=True).add_member(bob, bob)
    side = text(as_alice.get("/rooms/side/"))
    assert f'href="{address(NAME)}"' in side
    assert "2 unread" in side
    assert "staff" not in side
    here = text(as_alice.get("/rooms/side/", {"current": address(NAME)}))
    assert 'aria-current="page"' in here
    assert here.count("hidden>") == 2  # the open room asks for no attention
    assert Client().get("/rooms/side/").status_code == 302


# A message's own address


def test_a_message_has_an_address(as_alice: Client, alice: User, bob: User) -> None:
    room = Room.visit(alice, NAME)
    seqs = post(room, bob, *(f"message {n}" for n in range(120)))
    page = as_alice.get(address(NAME, "40/"))
    assert shown(page)[:50] == seqs[15:65]
    assert (state(page)["at"], state(page)["atEnd"], state(page)["more"]) == (40, False, True)
    page = as_alice.get(address(NAME, "119/"))
    assert shown(page)[:26] == seqs[-26:]
    assert state(page)["atEnd"] is True
    assert as_alice.get(address(NAME, "121/")).status_code == 404
    assert as_alice.get(address(NAME, "0/")).status_code == 404
    assert as_alice.get(address(NAME.upper(), "40/"))["Location"] == address(NAME, "40/")


def test_history_goes_on_after_a_message(as_alice: Client, alice: User) -> None:
    seqs = post(Room.visit(alice, NAME), alice, *(f"message {n}" for n in range(7)))
    page = as_alice.get(address(NAME, f"messages/?limit=4&after={seqs[1]}")).json()
    assert [message["seq"] for message in page["messages"]] == seqs[2:6]
    assert page["more"] is True
    assert as_alice.get(address(NAME, f"messages/?after={seqs[4]}")).json()["more"] is False


def test_messages_of_one_person_stand_together_before_any_script_runs(as_alice: Client, alice: User, bob: User) -> None:
    room = Room.visit(alice, NAME)
    post(room, alice, "one", "two", "three")
    post(room, bob, "four", "five")
    room.delete_message(alice, 1)
    page = text(as_alice.get(address(NAME)))
    assert re.findall(r'class="message( grouped)?" id="m(\d)"', page) == [
        ("", "1"),
        ("", "2"),
        (" grouped", "3"),
        ("", "4"),
        (" grouped", "5"),
    ]


def test_a_members_room_completes_its_members_only(as_alice: Client, alice: User, bob: User, charlie: User) -> None:
    room = Room.objects.create(name="staff", members_only=True)
    room.add_member(alice, bob)
    room.add_member(charlie, bob)
    assert state(as_alice.get(address("staff")))["people"] == ["here", "alice", "charlie"]
    assert as_alice.get("/rooms/emoji/").json()["tada"] == "🎉"
    assert Client().get("/rooms/emoji/").status_code == 302


def test_a_display_name_stands_before_the_sign_in_name(as_alice: Client, alice: User, bob: User) -> None:
    room = Room.visit(alice, "lobby")
    post(room, bob, "before")
    bob.call("Bob <b>")
    post(room, bob, "after")
    page = as_alice.get(address("lobby"))
    headings = re.findall(r'<bdi class="called">(.*?)</bdi><bdi class="author">(.*?)</bdi>', text(page))
    assert headings[:2] == [("Bob &lt;b&gt;", "bob")] * 2
    assert (state(page)["people"], state(page)["names"]) == (["here", "alice", "bob"], {"bob": "Bob <b>"})
    history = as_alice.get(address("lobby", "messages/")).json()["messages"]
    assert [(message["author"], message["name"]) for message in history] == [("bob", "Bob <b>")] * 2
    bob.call("")
    assert 'class="called">Bob' not in text(as_alice.get(address("lobby")))


def test_a_happening_has_both_names(as_alice: Client, alice: User, bob: User) -> None:
    room = Room.objects.create(name="staff", members_only=True)
    room.add_member(alice, alice)
    room.add_member(bob, alice)
    bob.call("Bob <b>")
    room.append(Kind.ROOM_RENAMED, bob, "bob")  # a room's name is nobody's
    lines = re.findall(r'<li class="happening" id="m[23]".*?</li>', text(as_alice.get(address("staff"))), re.DOTALL)
    names = [re.findall(r'<bdi class="(.*?)">(.*?)</bdi>', line) for line in lines]
    both = [("called", "Bob &lt;b&gt;"), ("subject", "bob")]
    assert names == [[("author", "alice"), *both], [both[0], ("author", "bob"), ("subject", "bob")]]


def test_a_search_finds_by_the_sign_in_name_and_shows_both(as_alice: Client, alice: User, bob: User) -> None:
    bob.call("Bob <b>")
    post(Room.visit(alice, "lobby"), bob, "needle")
    page = text(as_alice.get("/search/?q=needle&by=bob"))
    assert '<bdi class="called">Bob &lt;b&gt;</bdi> <bdi class="author">bob</bdi>' in page
    assert '<option value="bob" label="Bob &lt;b&gt;">' in page


def test_a_room_says_what_is_unread_when_the_person_was_there_before(as_alice: Client, alice: User, bob: User) -> None:
    room = Room.visit(alice, "lobby")
    seqs = post(room, bob, *(f"message {n}" for n in range(120)))
    assert state(as_alice.get(address("lobby")))["unread"] is None
    room.mark_seen(alice, seqs[19])
    first = room.events.get(seq=seqs[20])
    unread = {"count": 100, "first": first.seq, "at": first.at.isoformat()}
    assert state(as_alice.get(address("lobby")))["unread"] == unread
    assert state(as_alice.get(address("lobby", f"{seqs[30]}/")))["unread"] == unread
    asked = as_alice.get(address("lobby", f"unread/?after={seqs[99]}")).json()
    assert (asked["seq"], asked["unread"]["count"], asked["unread"]["first"]) == (seqs[-1], 20, seqs[100])
    assert as_alice.get(address("lobby", "unread/")).json()["unread"] == unread


def test_messages_are_marked_as_unread_from_one_on(as_alice: Client, alice: User, bob: User) -> None:
    room = Room.visit(alice, "lobby")
    seqs = post(room, bob, "one", "two", "three")
    room.mark_seen(alice, seqs[-1])
    marked = as_alice.post(address("lobby", "unread/"), {"seq": seqs[1]})
    assert marked.json()["unread"]["first"] == seqs[1]
    assert dict(room.seen_by()) == {"alice": seqs[1] - 1}
    assert state(as_alice.get(address("lobby")))["unread"]["count"] == 2
    for bad in ({}, {"seq": "0"}, {"seq": "x"}):
        assert as_alice.post(address("lobby", "unread/"), bad).status_code == 400
    assert as_alice.get(address("lobby", "unread/?after=x")).status_code == 400
    assert as_alice.put(address("lobby", "unread/")).status_code == 405


def test_nothing_is_unread_in_a_room_of_others(as_alice: Client, bob: User) -> None:
    den = Room.objects.create(name="den", members_only=True)
    den.add_member(bob, bob)
    post(den, bob, "secret")
    assert as_alice.get(address("den", "unread/")).status_code == 404
    assert as_alice.post(address("den", "unread/"), {"seq": 1}).status_code == 404
    assert dict(den.seen_by()) == {}
