"""Rooms and their messages in Django's admin."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from proj.accounts.models import User
from proj.rooms import managing
from proj.rooms.log.frames import Kind
from proj.rooms.models import Room

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = "/admin/rooms/event/"


def change(client: Client, room: Room, **fields: str) -> str:
    """Save these fields of the room, and return the page of the answer."""
    form = {
        "name": room.name,
        "owner": "",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    } | fields
    return client.post(f"/admin/rooms/room/{room.pk}/change/", form, follow=True).content.decode()


def test_a_room_is_renamed_as_on_its_own_page_and_nothing_that_is_said_is_lost(
    admin_client: Client, alice: User
) -> None:
    room = managing.create(alice, "ops", members_only=False)
    change(admin_client, room, name="运维", keep_days="30")
    room.refresh_from_db()
    assert (room.name, room.keep_days, room.seq) == ("运维", 30, 2)
    assert Room.called(alice, "ops") == room
    Room.objects.create(name="taken")
    assert "There is a room with this name already." in change(admin_client, room, name="TAKEN")
    assert "without a slash" in change(admin_client, room, name="a/b")


def test_rooms_are_archived_by_their_verbs(admin_client: Client, alice: User) -> None:
    room = managing.create(alice, "ops", members_only=False)
    for action in ("archive", "unarchive"):
        admin_client.post("/admin/rooms/room/", {"action": action, "_selected_action": [room.pk]})
    kinds = [event.kind for event in room.events_after(1, 10)]
    assert kinds == [Kind.ROOM_ARCHIVED, Kind.ROOM_UNARCHIVED]


def test_messages_are_removed_with_a_reason(admin_client: Client, alice: User) -> None:
    room = Room.visit(alice, "lobby")
    for text in ("one", "two", "three"):
        room.post(alice, text)
    listed = f"{EVENTS}?room__id__exact={room.pk}&amp;kind__exact=message.posted"
    assert listed in admin_client.get("/admin/rooms/room/").content.decode()
    assert "two" in admin_client.get(listed.replace("&amp;", "&")).content.decode()
    chosen = {"action": "remove", "_selected_action": list(room.events.filter(seq__gt=1).values_list("pk", flat=True))}
    assert "two" in admin_client.post(EVENTS, chosen).content.decode()
    admin_client.post(EVENTS, chosen | {"confirmed": "yes", "reason": ""})
    assert room.events.filter(deleted_at=None, kind=Kind.POSTED).count() == 3
    done = admin_client.post(EVENTS, chosen | {"confirmed": "yes", "reason": "a password"}, follow=True)
    assert "2 messages removed." in done.content.decode()
    assert [event.removal for event in room.messages_before(None, 10)] == ["", "a password", "a password"]


def test_staff_without_the_right_remove_nothing(client: Client, alice: User, bob: User) -> None:
    room = Room.visit(alice, "lobby")
    room.post(alice, "stays")
    bob.is_staff = True
    bob.save()
    bob.user_permissions.set(Permission.objects.filter(codename="view_event"))
    client.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    chosen = {"action": "remove", "_selected_action": [room.events.get().pk], "confirmed": "yes", "reason": "mine"}
    client.post(EVENTS, chosen)
    assert room.events.get().text == "stays"


def test_members_come_and_go_by_the_rooms_verbs(admin_client: Client, bob: User) -> None:
    room = Room.objects.create(name="staff", members_only=True)
    form = {
        "name": "staff",
        "members_only": "on",
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-user": str(bob.pk),
    }
    assert admin_client.post(f"/admin/rooms/room/{room.pk}/change/", form).status_code == 302
    assert list(room.events.values_list("kind", "text")) == [("member.added", "bob")]
    membership = room.memberships.get()
    form |= {
        "memberships-INITIAL_FORMS": "1",
        "memberships-0-id": str(membership.pk),
        "memberships-0-room": str(room.pk),
        "memberships-0-DELETE": "on",
    }
    assert admin_client.post(f"/admin/rooms/room/{room.pk}/change/", form).status_code == 302
    assert list(room.events.values_list("kind", flat=True)) == ["member.added", "member.removed"]
    assert not room.memberships.exists()


def test_the_log_cannot_be_changed_by_hand(admin_client: Client, alice: User) -> None:
    room = Room.visit(alice, "lobby")
    room.post(alice, "what was said")
    event = room.events.get()
    assert "what was said" in admin_client.get(EVENTS).content.decode()
    page = f"{EVENTS}{event.pk}/"
    assert admin_client.get(f"{page}change/").status_code == 200
    assert admin_client.post(f"{page}change/", {"text": "something else"}).status_code == 403
    assert admin_client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get(f"{EVENTS}add/").status_code == 403
    event.refresh_from_db()
    assert event.text == "what was said"


def test_a_room_can_be_made_and_not_deleted(admin_client: Client) -> None:
    form = {"name": "new", "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    assert admin_client.post("/admin/rooms/room/add/", form).status_code == 302
    room = Room.objects.get()
    assert (room.name, room.members_only) == ("new", False)
    assert admin_client.post(f"/admin/rooms/room/{room.pk}/delete/", {"post": "yes"}).status_code == 403
