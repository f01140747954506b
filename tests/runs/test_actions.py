"""Starting, cancelling and starting again: the rights, and the refusals with their codes."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from proj.accounts.models import User
from proj.rooms.models import Room
from proj.runs import actions
from proj.runs.models import Run, Service
from proj.runs.refusals import AlreadyOver, BadParameter, Busy, Disabled, NotAllowed
from proj.runs.running import leases
from proj.runs.running.leases import Holder
from proj.runs.states import ACTIVE, AFTER, ENDED, State
from tests.runs.conftest import Make

pytestmark = pytest.mark.django_db

WORKER = Holder("here", "boot", 1, 1)


def test_a_start_is_a_queued_row_with_its_command(make: Make, alice: User) -> None:
    service = make(command=["deploy", "{version}"], parameters=[{"name": "version"}])
    first = actions.start(service, alice, {"version": "1.4"})
    assert (first.state, first.number, first.command, first.person) == ("queued", 1, ["deploy", "1.4"], alice)
    assert str(first) == "web1 #1"


def test_a_run_is_heard_of_in_the_room_it_was_started_from_or_in_its_services(make: Make, alice: User) -> None:
    ops, lobby = Room.objects.create(name="ops"), Room.objects.create(name="lobby")
    service = make(room=ops, concurrency=2)
    assert actions.start(service, alice, {}).room == ops
    assert actions.start(service, alice, {}, room=lobby).room == lobby


def test_who_is_not_listed_may_not_start_or_see_it(make: Make, alice: User, bob: User, charlie: User) -> None:
    service = make(run_by="listed", seen_by="listed")
    service.runners.add(alice)
    service.viewers.add(bob)
    run = actions.start(service, alice, {})
    assert list(Run.objects.for_viewers(bob)) == [run]
    assert list(Run.objects.for_viewers(alice)) == [run]
    assert not Run.objects.for_viewers(charlie).exists()
    assert not Service.objects.for_viewers(charlie).exists()
    for person in [bob, charlie]:
        assert not Service.objects.for_runners(person).exists()
        with pytest.raises(NotAllowed):
            actions.start(service, person, {})
        with pytest.raises(NotAllowed):
            actions.cancel(run, person)
        with pytest.raises(NotAllowed):
            actions.again(run, person)
    assert Run.objects.get().state == "queued"


def test_staff_may_always_and_who_is_deactivated_never(make: Make, alice: User) -> None:
    service = make(run_by="listed", seen_by="listed")
    alice.is_staff = True
    alice.save()
    assert actions.start(service, alice, {}).person == alice
    alice.is_active = False
    with pytest.raises(NotAllowed):
        actions.start(service, alice, {})


def test_a_busy_service_refuses_or_queues(make: Make, alice: User) -> None:
    service = make(concurrency=2)
    actions.start(service, alice, {})
    actions.start(service, alice, {})
    with pytest.raises(Busy, match=r"web1 #[12] is queued, started by alice"):
        actions.start(service, alice, {})
    service.when_busy = "queue"
    service.save()
    assert actions.start(service, alice, {}).number == 3


def test_what_is_switched_off_or_wrong_is_refused_and_nothing_is_stored(make: Make, alice: User) -> None:
    with pytest.raises(Disabled):
        actions.start(make("off", enabled=False), alice, {})
    with pytest.raises(BadParameter):
        actions.start(make("on"), alice, {"x": "1"})
    assert not Run.objects.exists()
    assert Service.objects.get(uid="on").last_number == 0


@pytest.mark.django_db(transaction=True)
def test_starts_at_the_same_moment_are_not_more_than_may_be(make: Make, alice: User) -> None:
    service = make(concurrency=3)
    refused: list[str] = []

    def work() -> None:
        try:
            actions.start(service, alice, {})
        except Busy as busy:
            refused.append(busy.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Run.objects.count() == 3
    assert refused == ["busy"] * 5


@pytest.mark.django_db(transaction=True)
def test_claims_at_the_same_moment_give_each_run_to_one_and_not_too_many(make: Make, alice: User) -> None:
    service = make(concurrency=5, when_busy="queue")
    for _ in range(8):
        actions.start(service, alice, {})
    claimed: list[Any] = []

    def work(number: int) -> None:
        try:
            claimed.extend(leases.claim(Holder("here", "boot", number, 1), 4))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run.number for run in claimed) == [1, 2, 3, 4, 5]
    assert Run.objects.filter(state="running").count() == 5


def test_a_queued_run_is_canceled_at_once_and_a_running_one_is_asked_to_end(make: Make, alice: User, bob: User) -> None:
    service = make(concurrency=2)
    queued = actions.cancel(actions.start(service, alice, {}), bob)
    assert (queued.state, queued.settled, queued.reason) == ("canceled", True, "Canceled by bob before it began.")
    run = actions.start(service, alice, {})
    leases.claim(WORKER, 1)
    for person in (bob, alice):  # the second time changes nothing
        asked = actions.cancel(run, person)
        assert (asked.state, asked.cancel_requested_by) == ("running", bob)
    assert leases.cancel_requests("here") == [run.pk]
    Run.objects.filter(pk=run.pk).move(State.CANCELED)
    assert actions.cancel(run, alice).state == "canceled"


def test_what_has_ended_cannot_be_canceled(make: Make, alice: User) -> None:
    run = actions.start(make(), alice, {})
    leases.claim(WORKER, 1)
    Run.objects.move(State.SUCCEEDED)
    with pytest.raises(AlreadyOver, match="web1 #1 is over: succeeded"):
        actions.cancel(run, alice)


def test_again_starts_with_the_same_values_and_the_service_of_today(make: Make, alice: User, bob: User) -> None:
    service = make(command=["old", "{v}"], parameters=[{"name": "v"}], concurrency=9)
    first = actions.start(service, alice, {"v": "1"})
    service.command = ["new", "{v}"]
    service.save()
    second = actions.again(Run.objects.get(pk=first.pk), bob)
    assert (second.command, second.person, first.command) == (["new", "1"], bob, ["old", "1"])


@pytest.mark.parametrize("before", list(State))
@pytest.mark.parametrize("to", list(State))
def test_a_state_follows_another_only_where_the_table_says_so(
    make: Make, alice: User, before: State, to: State
) -> None:
    run = actions.start(make(), alice, {})
    Run.objects.filter(pk=run.pk).update(state=before)
    moved = Run.objects.filter(pk=run.pk).move(to)
    found = Run.objects.get()
    assert moved == (before in AFTER[to])
    assert found.state == (to if moved else before)
    assert (found.ended_at is not None) == bool(moved and to in ENDED)


def test_nothing_follows_an_end() -> None:
    assert set(AFTER) == set(State) == ACTIVE | ENDED
    assert not ENDED & set().union(*AFTER.values())


def test_a_run_is_never_saved_again(make: Make, alice: User) -> None:
    run = actions.start(make(), alice, {})
    run.state = State.SUCCEEDED
    with pytest.raises(TypeError):
        run.save()


def test_leases_that_were_let_go_or_have_ended_are_adopted_by_one(make: Make, alice: User) -> None:
    service = make(concurrency=3)
    for _ in range(3):
        actions.start(service, alice, {})
    gone, other = Holder("here", "boot", 999_999_999, 1), Holder("here", "boot", 2, 2)
    mine = leases.claim(Holder.this(), 1)
    dead = leases.claim(gone, 1)
    let_go = leases.claim(other, 1)
    leases.release(other, [let_go[0].pk])
    Run.objects.update(host="here")
    adopter = Holder("here", "boot", 3, 3)
    assert {run.pk for run in leases.adopt(adopter, 9)} == {dead[0].pk, let_go[0].pk}
    assert leases.adopt(adopter, 9) == []
    Run.objects.filter(pk=mine[0].pk).update(lease_until=timezone.now() - leases.LEASE)
    assert [run.pk for run in leases.adopt(adopter, 9)] == [mine[0].pk]
    Run.objects.update(host="elsewhere", worker="", lease_until=None)
    assert leases.adopt(adopter, 9) == []
