"""Sockets of people who have lost their access are closed by the poll alone: no message of the layer arrives here."""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from consumers.interface.chat import access, access_changes
from consumers.interface.chat.access import AccessChecks, Visit, access_of
from consumers.interface.chat.access_changes import AccessChanges
from consumers.interface.support.tasks import Tasks
from consumers.interface.transport.frame import Frame
from consumers.interface.transport.outlet import Outlet
from proj.accounts import sessions
from proj.accounts.access import EVERYBODY, AccessChange, changed, forget_old_changes
from proj.accounts.models import User
from proj.rooms.models import Room
from proj.runs.models import Service

BACKEND = "django.contrib.auth.backends.ModelBackend"
SIGNED_OUT, NO_ACCESS = access.CLOSE_SIGNED_OUT, access.CLOSE_NO_ACCESS


class Page:
    """A line that remembers how it was closed."""

    waiting = 0

    def __init__(self, person: User, session: str, *, room: int = 0, service: int = 0) -> None:
        self.closed: list[int] = []
        self.outlet = Outlet(self, person.pk, person.username, plain=False, session=session)
        self.outlet.room, self.outlet.service = room, service

    def write(self, frame: Frame) -> None:
        pass

    def write_now(self, frames: Any, wire: bytes) -> None:
        pass

    def close(self, code: int, reason: str = "") -> None:
        self.closed.append(code)


class House:
    """alice owns an open room, a members-only room and a service, and bob is in all of them with four sockets."""

    def __init__(self, alice: User, bob: User, charlie: User) -> None:
        self.alice, self.bob = alice, bob
        self.client = Client()
        self.client.force_login(bob, backend=BACKEND)
        self.lobby = Room.objects.create(name="lobby", owner=alice)
        self.closed = Room.objects.create(name="closed", owner=alice, members_only=True)
        self.service = Service.objects.create(
            uid="web1", name="web1", command=["true"], seen_by="listed", run_by="listed"
        )
        self.service.viewers.add(bob)
        for person in (alice, bob):
            self.closed.add_member(person, alice)
        session = str(self.client.cookies["sessionid"].value)
        self.me = Page(bob, session)
        self.in_lobby = Page(bob, session, room=self.lobby.pk)
        self.in_closed = Page(bob, session, room=self.closed.pk)
        self.at_service = Page(bob, session, service=self.service.pk)
        other = Client()
        other.force_login(charlie, backend=BACKEND)
        self.charlie = Page(charlie, str(other.cookies["sessionid"].value), room=self.lobby.pk)
        self.bobs = [self.me, self.in_lobby, self.in_closed, self.at_service]
        self.outlets = {page.outlet.id: page.outlet for page in [*self.bobs, self.charlie]}

    def renew_bob(self) -> User:
        return User.objects.get(pk=self.bob.pk)


Change = Callable[[House], object]


def _set_password(person: User) -> None:
    person.set_password("another long passphrase")
    person.save()


def _delete_bob(house: House) -> None:
    house.closed.events.all().delete()
    house.bob.delete()


def _close(room: Room) -> None:
    room.members_only = True
    room.save()


SIGNING_OUT: dict[str, Change] = {
    "signs out": lambda house: house.client.logout(),
    "session deleted": lambda house: Session.objects.filter(pk=house.me.outlet.session).delete(),
    "signed out everywhere": lambda house: sessions.end_all(house.bob),
    "deactivated": lambda house: house.renew_bob().deactivate(),
    "deactivated by a query": lambda house: User.objects.filter(pk=house.bob.pk).update(is_active=False),
    "another password": lambda house: _set_password(house.renew_bob()),
    "deleted": _delete_bob,
}
LEAVING_THE_ROOM: dict[str, Change] = {
    "removed": lambda house: house.closed.remove_member(house.bob, house.alice),
    "membership deleted": lambda house: house.closed.memberships.filter(user=house.bob).delete(),
}
LEAVING_THE_LOBBY: dict[str, Change] = {
    "members-only": lambda house: _close(house.lobby),
    "members-only by a query": lambda house: Room.objects.filter(pk=house.lobby.pk).update(members_only=True),
    "hidden": lambda house: Room.objects.filter(pk=house.lobby.pk).update(hidden=True),
}
LEAVING_THE_SERVICE: dict[str, Change] = {
    "no viewer": lambda house: house.service.viewers.remove(house.bob),
    "no viewers": lambda house: house.service.viewers.clear(),
    "deleted": lambda house: house.service.delete(),
}


@pytest.fixture
def house(transactional_db: None, alice: User, bob: User, charlie: User) -> House:
    return House(alice, bob, charlie)


@pytest.fixture
async def checks(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AccessChecks]:
    """The checks of a process that polls often, and has polled once."""
    monkeypatch.setattr(access, "POLL_SECONDS", 0.05)
    checks, tasks = AccessChecks(house.outlets), Tasks()
    await checks.poll()
    tasks.repeat(checks.poll)
    yield checks
    await tasks.stop()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - of anything, not of one event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("change", SIGNING_OUT.values(), ids=SIGNING_OUT)
async def test_a_person_who_is_signed_out_loses_all_sockets(change: Change, house: House, checks: AccessChecks) -> None:
    await sync_to_async(change)(house)
    await until(lambda: all(page.closed for page in house.bobs))
    assert {page.closed[0] for page in house.bobs} == {SIGNED_OUT}


@pytest.mark.parametrize("change", LEAVING_THE_ROOM.values(), ids=LEAVING_THE_ROOM)
async def test_a_person_who_is_no_member_loses_the_sockets_of_that_room(
    change: Change, house: House, checks: AccessChecks
) -> None:
    await sync_to_async(change)(house)
    await until(lambda: house.in_closed.closed)
    assert house.in_closed.closed[0] == NO_ACCESS
    assert (
        not house.me.closed and not house.in_lobby.closed and not house.at_service.closed and not house.charlie.closed
    )


@pytest.mark.parametrize("change", LEAVING_THE_LOBBY.values(), ids=LEAVING_THE_LOBBY)
async def test_a_room_that_is_closed_to_others_loses_their_sockets(
    change: Change, house: House, checks: AccessChecks
) -> None:
    await sync_to_async(change)(house)
    await until(lambda: house.in_lobby.closed and house.charlie.closed)
    assert not house.in_closed.closed and not house.me.closed and not house.at_service.closed


@pytest.mark.parametrize(
    "change",
    [lambda room: room.delete(), lambda room: Room.objects.filter(pk=room.pk).delete()],
    ids=["one", "by a query"],
)
async def test_a_room_that_is_deleted_loses_all_sockets(
    change: Callable[[Room], object], house: House, checks: AccessChecks
) -> None:
    await sync_to_async(change)(house.lobby)
    await until(lambda: house.in_lobby.closed and house.charlie.closed)


@pytest.mark.parametrize("change", LEAVING_THE_SERVICE.values(), ids=LEAVING_THE_SERVICE)
async def test_a_person_who_may_not_view_a_service_loses_its_sockets(
    change: Change, house: House, checks: AccessChecks
) -> None:
    await sync_to_async(change)(house)
    await until(lambda: house.at_service.closed)
    assert house.at_service.closed[0] == NO_ACCESS
    assert not house.me.closed and not house.in_closed.closed


async def test_an_administrator_who_is_none_any_more_loses_the_services(house: House, checks: AccessChecks) -> None:
    await sync_to_async(User.objects.filter(pk=house.bob.pk).update)(is_staff=True)
    await sync_to_async(house.service.viewers.clear)()
    await sync_to_async(User.objects.filter(pk=house.bob.pk).update)(is_staff=False)
    await until(lambda: house.at_service.closed)


async def test_changes_that_take_nothing_away_are_not_recorded(house: House, checks: AccessChecks) -> None:
    def change() -> None:
        house.renew_bob().call("Bob the Builder")
        house.lobby.post(house.bob, "hello")
        Room.objects.get(pk=house.lobby.pk).save()
        house.lobby.add_member(house.bob, house.alice)
        house.client.get("/rooms/emoji/")
        User.objects.filter(pk=house.bob.pk).update(last_login=None)

    before = await AccessChange.objects.acount()
    await sync_to_async(change)()
    assert await AccessChange.objects.acount() == before


async def test_a_poll_can_be_asked_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = AccessChecks(house.outlets)
    await checks.poll()  # the first one does not wait
    await sync_to_async(house.closed.remove_member)(house.bob, house.alice)
    monkeypatch.setattr(access, "POLL_SECONDS", 1000.0)
    checks.poll_soon()
    async with asyncio.timeout(20):
        await checks.poll()
    assert house.in_closed.closed == [NO_ACCESS]


async def test_a_poll_that_failed_is_repeated_and_loses_no_change(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = AccessChecks(house.outlets)
    await checks.poll()
    await sync_to_async(house.closed.remove_member)(house.bob, house.alice)
    monkeypatch.setattr(access, "access_of", _fail)
    checks.poll_soon()
    with pytest.raises(OSError, match="away"):
        await checks.poll()
    monkeypatch.setattr(access, "access_of", access_of)
    monkeypatch.setattr(access, "POLL_SECONDS", 1000.0)
    async with asyncio.timeout(20):
        await checks.poll()
    assert house.in_closed.closed == [NO_ACCESS]


def _fail(_visits: object) -> None:
    raise OSError("away")


async def test_a_socket_that_was_at_the_door_during_the_first_check_is_found_by_the_next(house: House) -> None:
    late = house.outlets.pop(house.in_closed.outlet.id)
    checks = AccessChecks(house.outlets)
    await checks.poll()
    await sync_to_async(house.closed.remove_member)(house.bob, house.alice)
    for _ in range(2):
        checks.poll_soon()
        await checks.poll()
        house.outlets[late.id] = late
    assert house.in_closed.closed == [NO_ACCESS]


# the records


@pytest.mark.django_db
def test_a_change_that_is_committed_after_a_later_one_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(access_changes, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    changes = AccessChanges()
    assert changes.read() == {EVERYBODY}
    AccessChange.objects.create(pk=6, user_id=66)
    assert changes.read() == {66}
    AccessChange.objects.create(pk=5, user_id=55)
    assert changes.read() == {55}
    assert changes.read() == set()
    clock[0] += access_changes.COMMIT_SECONDS + 1
    assert changes.read() == set()
    AccessChange.objects.create(pk=7, user_id=77)
    assert changes.read() == {77}
    assert changes.read() == set()


@pytest.mark.django_db
def test_a_change_that_was_not_committed_at_the_first_read_is_found() -> None:
    AccessChange.objects.create(pk=6, user_id=66)
    changes = AccessChanges()
    assert changes.read() == {EVERYBODY}
    AccessChange.objects.create(pk=5, user_id=55)
    assert changes.read() == {55}


@pytest.mark.django_db
def test_an_idle_poll_is_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    changes = AccessChanges()
    changes.read()
    with django_assert_num_queries(1):
        changes.read()


def test_a_change_that_is_rolled_back_leaves_no_record(house: House) -> None:
    before = AccessChange.objects.count()
    with pytest.raises(OSError, match="away"), transaction.atomic():
        house.closed.remove_member(house.bob, house.alice)
        raise OSError("away")
    assert AccessChange.objects.count() == before


@pytest.mark.django_db
def test_old_records_are_deleted() -> None:
    changed(1)
    AccessChange.objects.update(at="2026-01-01T00:00Z")
    changed(2)
    forget_old_changes()
    assert list(AccessChange.objects.values_list("user_id", flat=True)) == [2]


# many sockets


def test_the_sockets_of_many_people_take_few_queries(
    house: House, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    people = [User(username=f"person{number}") for number in range(100)]
    User.objects.bulk_create(people)
    visits = []
    for person in people:
        with transaction.atomic():
            client = Client()
            client.force_login(person, backend=BACKEND)
        key = str(client.cookies["sessionid"].value)
        visits += [
            Visit(key, person.pk, house.closed.pk, 0),
            Visit(key, person.pk, 0, house.service.pk),
            Visit(key, person.pk, 0, 0),
        ]
    house.service.viewers.add(*people[:50])
    with django_assert_max_num_queries(8):
        found = access_of(visits)
    assert [one.allowed for one in found[0::3]] == [False] * 100
    assert [one.allowed for one in found[1::3]] == [True] * 50 + [False] * 50
    assert all(one.allowed and one.signed_in for one in found[2::3])
