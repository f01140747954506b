"""Rooms are created, joined, renamed and archived on pages; each page is open only to people with that right."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from proj.accounts.models import User
from proj.rooms import managing
from proj.rooms.log.frames import Kind
from proj.rooms.models import FormerName, Invitation, Room

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "运维 #1"
ACTIONS = [
    "settings/",
    "settings/rename/",
    "settings/keep/",
    "settings/invite/",
    "settings/links/",
    "settings/links/1/revoke/",
    "settings/members/alice/remove/",
    "settings/leave/",
    "settings/archive/",
    "settings/unarchive/",
]
MANAGERS = ["settings/rename/", "settings/keep/", "settings/members/bob/remove/", "settings/archive/"]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def room(alice: User, bob: User) -> Room:
    """A members-only room that belongs to alice, with bob in it."""
    room = managing.create(alice, NAME, members_only=True)
    room.add_member(bob, alice)
    return room


def at(rest: str, name: str = NAME) -> str:
    return f"/chat/{quote(name, safe='')}/{rest}"


def log(room: Room) -> list[tuple[str, str, str]]:
    """Return the events of the room: kind, author, text."""
    return [(event.kind, event.author.username, event.text) for event in room.events_after(0, 100)]


# Creation


def test_the_creator_of_a_room_is_its_owner_and_first_member(alice: User, bob: User) -> None:
    answer = signed_in(alice).post("/rooms/new/", {"name": NAME, "who": "members"})
    assert answer["Location"] == at("settings/")
    room = Room.objects.get()
    assert (room.members_only, room.owner, [*room.people(10)]) == (True, alice, ["alice"])
    assert log(room) == [(Kind.ROOM_CREATED, "alice", NAME)]
    assert signed_in(bob).get(at("")).status_code == 404
    open_one = signed_in(bob).post("/rooms/new/", {"name": "open", "who": "all"})
    assert open_one["Location"] == at("", "open")
    assert signed_in(alice).get(at("", "open")).status_code == 200


@pytest.mark.parametrize(("name", "who"), [("", "members"), ("a/b", "members"), ("ok", "nobody"), ("TAKEN", "all")])
def test_an_impossible_room_is_refused_with_a_sentence(alice: User, name: str, who: str) -> None:
    Room.objects.create(name="taken")
    answer = signed_in(alice).post("/rooms/new/", {"name": name, "who": who})
    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()
    assert Room.objects.count() == 1


# Rights


@pytest.mark.parametrize("rest", ["", *ACTIONS])
def test_a_stranger_can_do_nothing_with_a_room(room: Room, charlie: User, rest: str) -> None:
    before = log(room)
    for client, status in ((signed_in(charlie), 404), (Client(), 302)):
        assert client.post(at(rest), {"person": "charlie", "name": "mine"}).status_code in (status, 405)
        assert client.get(at(rest)).status_code in (status, 405)
    assert log(room) == before
    assert not room.memberships.filter(user=charlie).exists()


@pytest.mark.parametrize("rest", ["rename/", "keep/", "invite/", "links/", "unarchive/"])
def test_a_get_changes_nothing(room: Room, rest: str, alice: User) -> None:
    assert signed_in(alice).get(at(f"settings/{rest}")).status_code == 405


@pytest.mark.parametrize("rest", MANAGERS)
def test_members_without_ownership_cannot_manage_a_room(room: Room, alice: User, bob: User, rest: str) -> None:
    before = log(room)
    assert signed_in(bob).post(at(rest), {"name": "mine", "days": "1"}).status_code == 403
    assert log(room) == before
    bob.is_staff = True
    bob.save()
    assert signed_in(bob).get(at("settings/")).context["manager"]


@pytest.mark.parametrize("rest", ["settings/invite/", "settings/links/", "settings/leave/"])
def test_a_room_that_is_open_to_all_has_no_members(alice: User, rest: str) -> None:
    managing.create(alice, "open", members_only=False)
    assert signed_in(alice).post(at(rest, "open"), {"person": "alice", "lasts": "24"}).status_code == 403
    assert "Members" not in signed_in(alice).get(at("settings/", "open")).content.decode()


@pytest.mark.parametrize("rest", ["settings/", "settings/leave/", "settings/rename/"])
def test_a_room_that_is_not_there_has_no_settings(alice: User, rest: str) -> None:
    client = signed_in(alice)
    assert client.post(at(rest, "nowhere")).status_code in (404, 405)
    assert client.get(at("settings/members/no%00body/remove/", "nowhere")).status_code == 404
    assert not Room.objects.exists()


# Joining and leaving


def test_a_member_adds_a_person_by_name(room: Room, bob: User, charlie: User) -> None:
    assert signed_in(bob).post(at("settings/invite/"), {"person": " Charlie "}).status_code == 302
    assert log(room)[-1] == (Kind.MEMBER_ADDED, "bob", "charlie")
    page = signed_in(charlie).get(at("")).content.decode()
    assert 'data-variant="member.added"' in page
    assert "</bdi> let <bdi" in page


def test_an_unknown_person_cannot_become_a_member(room: Room, bob: User, charlie: User) -> None:
    charlie.deactivate()
    for name in ("charlie", "dora", "", "<b>"):
        answer = signed_in(bob).post(at("settings/invite/"), {"person": name})
        assert answer.status_code == 400
        assert "errorlist" in answer.content.decode()
    assert [*room.people(10)] == ["alice", "bob"]


def test_a_removed_member_is_out_and_no_link_leads_back(room: Room, alice: User, bob: User) -> None:
    link = Invitation.make(room, alice, timedelta(days=1))
    question = signed_in(alice).get(at("settings/members/bob/remove/"))
    assert "Remove bob from this room?" in question.content.decode()
    assert [*room.people(10)] == ["alice", "bob"]
    assert signed_in(alice).post(at("settings/members/bob/remove/")).status_code == 302
    assert log(room)[-1] == (Kind.MEMBER_REMOVED, "alice", "bob")
    assert signed_in(bob).get(at("")).status_code == 404
    assert signed_in(bob).post("/join/", {"code": link}).status_code == 400
    assert signed_in(alice).post(at("settings/members/alice/remove/")).status_code == 403


def test_a_leaving_owner_is_asked_first_and_hands_the_room_on(room: Room, alice: User, bob: User) -> None:
    client = signed_in(alice)
    assert "Leave this room?" in client.get(at("settings/leave/")).content.decode()
    assert client.post(at("settings/leave/"))["Location"] == "/chat/"
    assert log(room)[-1] == (Kind.MEMBER_REMOVED, "alice", "alice")
    assert client.get(at("")).status_code == 404
    room.refresh_from_db()
    assert room.owner == bob
    assert "last member" in signed_in(bob).get(at("settings/leave/")).content.decode()
    signed_in(bob).post(at("settings/leave/"))
    room.refresh_from_db()
    assert room.owner is None
    assert not room.people(10)


# Links


def link(user: User, lasts: str = "24") -> str:
    """Create a link as `user` on the page, and return its address."""
    page = signed_in(user).post(at("settings/links/"), {"lasts": lasts})
    found = re.search(r'<code id="link">(.*?)</code>', page.content.decode())
    assert found
    assert "no-store" in page["Cache-Control"]
    return found[1]


def test_a_link_lets_people_in_and_its_secret_is_not_kept(room: Room, bob: User, charlie: User) -> None:
    address = link(bob)
    assert re.fullmatch(r"http://127\.0\.0\.1:8080/join/#[\w-]{43}", address)
    assert address.rpartition("#")[2] not in repr(list(Invitation.objects.values_list()))
    assert address not in signed_in(bob).get(at("settings/")).content.decode()
    joining = signed_in(charlie)
    assert joining.get("/join/").status_code == 200
    assert joining.post("/join/", {"code": address.rpartition("#")[2]})["Location"] == at("")
    assert joining.post("/join/", {"code": address})["Location"] == at("")  # is a member already
    assert log(room)[-1] == (Kind.MEMBER_ADDED, "charlie", "charlie")
    assert Invitation.objects.get().used == 1
    assert 'data-variant="member.joined"' in joining.get(at("")).content.decode()


def test_a_link_ends(room: Room, alice: User, bob: User, charlie: User) -> None:
    joining = signed_in(charlie)

    def refused(address: str) -> bool:
        return joining.post("/join/", {"code": address}).status_code == 400

    revoked, expired, gone, archived = link(bob), link(alice), link(bob), link(alice)
    first, second = Invitation.objects.order_by("pk")[:2]
    question = signed_in(alice).get(at(f"settings/links/{first.pk}/revoke/")).content.decode()
    assert "Revoke the link that bob made?" in question
    assert f'<time datetime="{first.expires_at.isoformat()}">' in question
    assert Invitation.objects.live().count() == 4  # the question ends nothing
    for _ in range(2):  # another person may have done it in the meantime
        assert signed_in(alice).post(at(f"settings/links/{first.pk}/revoke/")).status_code == 302
    Invitation.objects.filter(pk=second.pk).update(expires_at=timezone.now())
    assert refused(revoked)
    assert refused(expired)
    room.remove_member(bob, bob)
    assert refused(gone)
    managing.archive(room, alice)
    assert refused(archived)
    managing.unarchive(room, alice)
    alice.deactivate()
    assert refused(archived)
    for nonsense in ("", "#", "x" * 43, "\0"):
        assert refused(nonsense)
    assert room.people(10) == {}


def test_a_link_of_another_room_is_not_revoked(room: Room, bob: User, charlie: User) -> None:
    other = managing.create(charlie, "other", members_only=True)
    Invitation.make(other, charlie, timedelta(days=1))
    address = at(f"settings/links/{Invitation.objects.get().pk}/revoke/")
    assert [signed_in(bob).get(address).status_code, signed_in(bob).post(address).status_code] == [404, 404]
    assert Invitation.objects.live().count() == 1


def test_a_link_is_made_for_a_time_that_is_offered(room: Room, bob: User) -> None:
    assert signed_in(bob).post(at("settings/links/"), {"lasts": "999999"}).status_code == 400
    assert not Invitation.objects.exists()


# Name and archive


def test_a_renamed_room_is_found_by_the_name_it_had(room: Room, alice: User, bob: User, charlie: User) -> None:
    assert signed_in(alice).post(at("settings/rename/"), {"name": "ops"})["Location"] == at("settings/", "ops")
    assert log(room)[-1] == (Kind.ROOM_RENAMED, "alice", "ops")
    assert signed_in(bob).get(at(""))["Location"] == at("", "ops")
    assert signed_in(bob).get(at("messages/")).json()["room"] == "ops"
    assert signed_in(charlie).get(at("")).status_code == 404
    assert not Room.objects.exclude(pk=room.pk).exists()
    signed_in(alice).post(at("settings/rename/", "ops"), {"name": NAME})
    assert signed_in(bob).get(at("", "ops"))["Location"] == at("")
    signed_in(alice).post(at("settings/rename/"), {"name": NAME})
    assert len(log(room)) == 4


def test_a_name_that_is_given_away_leads_to_the_new_room(room: Room, alice: User, charlie: User) -> None:
    managing.rename(room, "ops", alice)
    managing.create(charlie, NAME, members_only=True)
    assert not FormerName.objects.exists()
    assert signed_in(alice).get(at("")).status_code == 404


@pytest.mark.parametrize("name", ["", "a/b", "TAKEN", "x" * 101])
def test_an_impossible_name_is_refused_with_a_sentence(room: Room, alice: User, name: str) -> None:
    Room.objects.create(name="taken")
    answer = signed_in(alice).post(at("settings/rename/"), {"name": name})
    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()
    room.refresh_from_db()
    assert room.name == NAME


def test_an_archived_room_is_read_and_not_written(room: Room, alice: User, bob: User) -> None:
    client = signed_in(alice)
    assert "Archive this room?" in client.get(at("settings/archive/")).content.decode()
    client.post(at("settings/archive/"))
    client.post(at("settings/archive/"))
    assert log(room)[-2:] == [(Kind.MEMBER_ADDED, "alice", "bob"), (Kind.ROOM_ARCHIVED, "alice", "")]
    room.post(bob, "too late")
    assert log(room)[-1][0] == Kind.ROOM_ARCHIVED
    assert signed_in(bob).get(at("")).status_code == 200
    assert NAME not in signed_in(bob).get("/chat/").content.decode()
    assert signed_in(bob).post(at("settings/invite/"), {"person": "alice"}).status_code == 403
    client.post(at("settings/unarchive/"))
    room.post(bob, "in time")
    assert [kind for kind, _, _ in log(room)[-2:]] == [Kind.ROOM_UNARCHIVED, Kind.POSTED]


# Removal of a message


def test_a_message_that_is_removed_says_why_and_keeps_nothing(room: Room, alice: User, bob: User) -> None:
    room.post(bob, "a secret")
    seq = room.events_after(0, 100)[-1].seq
    room.edit(bob, seq, "a *worse* secret")
    managing.remove_message(room, seq, alice, "a password")
    page = signed_in(bob).get(at("")).content.decode()
    assert "secret" not in page
    assert re.search(r'Removed by an administrator:</time><bdi class="reason">a password</bdi>', page)
    assert "secret" not in repr(log(room))
    assert log(room)[-1] == (Kind.REMOVED, "alice", "a password")
    head = len(log(room))
    with pytest.raises(room.events.model.DoesNotExist):
        managing.remove_message(room, seq, alice, "again")
    assert len(log(room)) == head


def test_an_account_of_the_machinery_is_not_offered_as_a_person(room: Room, alice: User, charlie: User) -> None:
    hidden = Room.objects.create(name="doctor", hidden=True, members_only=True)
    hidden.memberships.create(user=charlie)
    lobby = Room.objects.create(name="lobby")
    assert "charlie" not in lobby.people(10)
    assert "charlie" not in signed_in(alice).get(at("settings/")).context["people"]
    assert "charlie" not in signed_in(alice).get("/search/").context["people"]
    hidden.delete()
    assert "charlie" in lobby.people(10)
    assert "charlie" in signed_in(alice).get(at("settings/")).context["people"]


def test_an_error_stands_below_its_field(room: Room, alice: User) -> None:
    page = signed_in(alice).post(at("settings/invite/"), {"person": "nobody"}).content.decode()
    assert page.index('name="person"') < page.index("errorlist")
