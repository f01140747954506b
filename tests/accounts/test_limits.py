"""One person cannot make rows without end: each kind of action has a limit that all processes share."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from consumers.sockets import door
from consumers.sockets import limits as socket_limits
from proj.accounts.limits import counting as limits
from proj.accounts.limits.counting import ActionCount, Limit, TooOften
from proj.accounts.models import User
from proj.rooms import managing, names
from proj.rooms.models import Invitation, Room
from proj.runs import actions
from proj.runs.models import Run, Service
from proj.runs.refusals import TooManyStarts

BACKEND = "django.contrib.auth.backends.ModelBackend"
TRIES = Limit("try", "NEW_ROOMS_PER_HOUR", timedelta(hours=1))


@pytest.fixture(autouse=True)
def _two_of_each(settings: Any) -> None:
    for limit in (limits.NEW_ROOMS, limits.INVITATIONS, limits.NAME_CHANGES, limits.RUN_STARTS, limits.SEARCHES):
        setattr(settings, limit.setting, 2)


@pytest.fixture
def as_alice(alice: User) -> Client:
    client = Client()
    client.force_login(alice, backend=BACKEND)
    client.post("/password/confirm/")
    return client


# counting


def test_a_person_may_do_it_as_often_as_the_setting_says(alice: User, bob: User) -> None:
    for _ in range(2):
        TRIES.spend(alice)
    with pytest.raises(TooOften) as refused:
        TRIES.spend(alice)
    assert 3590 < refused.value.retry_after <= 3600
    assert str(refused.value) == "You have done this too often. Try again in 60 minutes."
    TRIES.spend(bob)
    Limit("another", TRIES.setting, TRIES.period).spend(alice)


def test_the_next_period_begins_anew(alice: User) -> None:
    for _ in range(2):
        TRIES.spend(alice)
    ActionCount.objects.update(since=timezone.now() - timedelta(minutes=59, seconds=30))
    with pytest.raises(TooOften, match=r"in 1 minute\."):
        TRIES.spend(alice)
    ActionCount.objects.update(since=timezone.now() - timedelta(hours=1))
    for _ in range(2):
        TRIES.spend(alice)
    with pytest.raises(TooOften):
        TRIES.spend(alice)
    assert ActionCount.objects.count() == 1


def test_zero_is_no_limit_and_counts_nothing(
    alice: User, settings: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.NEW_ROOMS_PER_HOUR = 0
    with django_assert_num_queries(0):
        for _ in range(100):
            TRIES.spend(alice)


# actions


def _make_room(person: User, number: int) -> object:
    return managing.create(person, f"room {number}", members_only=False)


def _visit(person: User, number: int) -> object:
    return Room.visit(person, f"room {number}")


def _link(person: User, _number: int) -> object:
    room = Room.objects.filter(key="closed").first()
    return Invitation.make(room or Room.objects.create(name="closed"), person, timedelta(hours=1))


def _invite(person: User, number: int) -> None:
    room = Room.objects.get_or_create(key="closed", defaults={"name": "closed"})[0]
    room.invite(User.objects.create_user(f"person{number}"), person)


def _rename(person: User, number: int) -> None:
    person.call(f"Alice {number}")


ACTIONS: list[Callable[[User, int], object]] = [_make_room, _visit, _link, _invite, _rename]


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_has_a_limit(action: Callable[[User, int], object], alice: User) -> None:
    for number in range(2):
        action(alice, number)
    before = (Room.objects.count(), Invitation.objects.count(), alice.display_name)
    with pytest.raises(TooOften):
        action(alice, 3)
    assert (Room.objects.count(), Invitation.objects.count(), alice.display_name) == before


def test_the_limit_of_visits_is_that_of_new_rooms_and_visits_of_rooms_that_are_there_are_free(alice: User) -> None:
    _make_room(alice, 0)
    _visit(alice, 1)
    for number in (0, 1, 0, 1):
        _visit(alice, number)
    with pytest.raises(TooOften):
        _visit(alice, 2)


def test_an_action_that_fails_costs_nothing(alice: User, bob: User) -> None:
    Room.objects.create(name="taken")
    for _ in range(5):
        with pytest.raises(Room.NameTaken):
            managing.create(alice, "taken", members_only=False)
        with pytest.raises(names.BadRoomName):
            managing.create(alice, "a/b", members_only=False)
    _make_room(alice, 1)


def test_runs_have_a_limit_for_people_and_none_for_the_host(alice: User) -> None:
    service = Service.objects.create(uid="web1", name="web1", command=["true"], run_by="everyone", when_busy="queue")
    for _ in range(2):
        actions.start(service, alice, {})
    with pytest.raises(TooManyStarts) as refused:
        actions.start(service, alice, {})
    assert (refused.value.code, refused.value.status) == ("too_fast", 429)
    assert Run.objects.count() == 2
    actions.start(service, None, {})


# pages


def limited(answer: Any) -> str:
    """Return the page of an answer that says 429 and when to come again."""
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) >= 1
    text = answer.content.decode()
    assert "You have done this too often." in text
    return str(text)


def test_the_pages_answer_429_and_keep_what_was_typed(as_alice: Client) -> None:
    for number in range(2):
        assert as_alice.post("/rooms/new/", {"name": f"room {number}", "who": "all"}).status_code == 302
        assert as_alice.post("/settings/", {**SETTINGS, "display_name": f"Alice {number}"}).status_code == 302
        assert as_alice.get("/search/", {"q": "words"}).status_code == 200
    assert 'value="one more"' in limited(as_alice.post("/rooms/new/", {"name": "one more", "who": "all"}))
    assert 'value="Ally"' in limited(as_alice.post("/settings/", {**SETTINGS, "display_name": "Ally"}))
    assert 'value="more words"' in limited(as_alice.get("/search/", {"q": "more words"}))
    assert as_alice.get("/search/").status_code == 200
    assert as_alice.post("/settings/", {**SETTINGS, "display_name": "Alice 1"}).status_code == 302, "an unchanged name"


SETTINGS = {"theme": "dark", "language": "en", "clock": "24", "notify": "mentions"}


def test_the_pages_of_runs_answer_429(as_alice: Client, alice: User) -> None:
    service = Service.objects.create(uid="web1", name="web1", command=["true"], run_by="everyone", when_busy="queue")
    room = Room.objects.create(name="ops")
    for _ in range(2):
        actions.start(service, alice, {})
    limited(as_alice.post("/services/web1/"))
    answer = as_alice.post("/runs/start/", {"room": room.name, "line": "web1"})
    assert limited(answer)
    assert answer.json()["code"] == "too_fast"


def test_members_are_invited_so_often_and_no_more(as_alice: Client, alice: User, bob: User, charlie: User) -> None:
    room = managing.create(alice, "closed", members_only=True)
    Invitation.make(room, alice, timedelta(hours=1))
    room.invite(bob, alice)
    form = as_alice.post("/chat/closed/settings/invite/", {"person": "charlie"})
    assert not room.memberships.filter(user=charlie).exists()
    if form.status_code == 429:  # else the page asks for the password first
        assert 'value="charlie"' in limited(form)


# sockets


def test_a_plain_clients_visit_is_refused_with_the_code_of_the_protocol(alice: User) -> None:
    for number in range(2):
        door._first_visit(alice, f"room {number}")
    with pytest.raises(door.Refused) as refused:
        door._first_visit(alice, "one more")
    assert (refused.value.close_code, refused.value.code) == (door.CLOSE_TOO_FAST, "too_fast")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    now = [1000.0]
    monkeypatch.setattr(socket_limits.time, "monotonic", lambda: now[0])  # type: ignore[attr-defined]
    yield now


def test_the_sockets_of_a_person_share_the_rate_of_reactions(settings: Any, clock: list[float]) -> None:
    settings.REACTIONS_PER_MINUTE = 60
    rate = socket_limits.PersonRate("REACTIONS_PER_MINUTE")
    assert [rate.take(1) for _ in range(60)] == [0.0] * 60
    assert 0 < rate.take(1) <= 1.0
    assert rate.take(2) == 0.0
    clock[0] += 1.0
    assert rate.take(1) == 0.0
    assert rate.take(1) > 0.0


def test_the_rates_of_people_who_do_nothing_take_no_memory(settings: Any, clock: list[float]) -> None:
    settings.REACTIONS_PER_MINUTE = 60
    rate = socket_limits.PersonRate("REACTIONS_PER_MINUTE")
    for person in range(5 * socket_limits.MAX_BUCKETS):
        rate.take(person)
        clock[0] += 1.0
    assert len(rate._buckets) <= socket_limits.MAX_BUCKETS


def test_a_rate_of_zero_allows_everything(settings: Any) -> None:
    settings.EDITS_PER_MINUTE = 0
    assert [socket_limits.PersonRate("EDITS_PER_MINUTE").take(1) for _ in range(1000)] == [0.0] * 1000
