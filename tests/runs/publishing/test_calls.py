"""The people that the end of a run concerns."""

import json
from typing import Any

import pytest

from proj.accounts.models import Preferences, User
from proj.accounts.preferences import RunEnds
from proj.layer.messages import PeopleFrame
from proj.rooms import managing
from proj.rooms.log.frames import Kind
from proj.rooms.models import Membership, Mention, Room
from proj.runs import actions
from proj.runs.models import EndChoice, Run, Service
from proj.runs.publishing import calls, cards
from proj.runs.publishing.calls import Rules, RunEnd, concerns
from proj.runs.states import ENDED, UNSUCCESSFUL, State
from tests.runs.conftest import Make

ALICE, BOB = 1, 2
ALL, FAILED, NOTHING = RunEnds.ALL, RunEnds.FAILED, RunEnds.NOTHING


@pytest.mark.parametrize("state", sorted(ENDED))
@pytest.mark.parametrize(
    ("person", "rules", "ends"),
    [
        (ALICE, Rules(), ALL),
        (BOB, Rules(), FAILED),
        (None, Rules(), FAILED),
        (ALICE, Rules(own=FAILED, rooms=ALL), FAILED),
        (ALICE, Rules(own=NOTHING), NOTHING),
        (BOB, Rules(rooms=ALL), ALL),
        (BOB, Rules(rooms=NOTHING), NOTHING),
        (BOB, Rules(rooms=ALL, follows=False), NOTHING),
        (ALICE, Rules(follows=False), ALL),
        (BOB, Rules(rooms=ALL, follows=False, muted=True), NOTHING),
        (ALICE, Rules(follows=False, muted=True), ALL),
        (BOB, Rules(service=ALL), ALL),
        (BOB, Rules(service=ALL, follows=False), ALL),
        (BOB, Rules(service=ALL, follows=False, muted=True), NOTHING),
        (ALICE, Rules(service=FAILED, follows=False, muted=True), FAILED),
        (ALICE, Rules(service=NOTHING), NOTHING),
        (BOB, Rules(service=NOTHING), NOTHING),
        (BOB, Rules(rooms=NOTHING, service=FAILED), FAILED),
    ],
)
def test_an_end_concerns_alice_by_her_rules(state: State, person: int | None, rules: Rules, ends: RunEnds) -> None:
    expected = ends == ALL or (ends == FAILED and state in UNSUCCESSFUL)
    assert concerns(RunEnd(state, person), ALICE, rules) is expected


def test_nobody_is_told_of_the_run_that_they_canceled() -> None:
    assert not concerns(RunEnd(State.CANCELED, ALICE, canceled_by=ALICE), ALICE, Rules(service=ALL))
    assert concerns(RunEnd(State.CANCELED, ALICE, canceled_by=BOB), ALICE, Rules())


@pytest.fixture
def ops(db: None) -> Room:
    return Room.objects.create(name="ops")


def ended(service: Service, person: User | None, state: State = State.FAILED, **values: object) -> Run:
    """Return a new run that has ended so."""
    run = actions.start(service, person, values)
    Run.objects.filter(pk=run.pk).move(State.RUNNING)
    Run.objects.filter(pk=run.pk).move(state)
    return Run.objects.select_related("service", "person").get(pk=run.pk)


def end(run: Run) -> list[PeopleFrame]:
    """Announce the end of `run`; return the messages to people."""
    return [message for message in cards.ended([run]) if isinstance(message, PeopleFrame)]


def names(run: Run) -> set[str]:
    return set(User.objects.filter(pk__in=calls.called(run).people).values_list("username", flat=True))


def counts(room: Room, user: User) -> tuple[int, int]:
    found = Room.objects.of(user).with_unread(user).get(pk=room.pk)
    return found.unread, found.mentioned  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_a_failed_run_makes_its_room_unread_for_everybody_but_those_who_muted_it(
    make: Make, alice: User, bob: User, charlie: User, ops: Room
) -> None:
    ops.mute(charlie)
    command = ["roll", "{version}", "{target}"]
    service = make(
        command=command, room=ops, parameters=[{"name": "version"}, {"name": "target", "default": "production"}]
    )
    run = ended(service, alice, version="1.4.3")
    [message] = end(run)
    assert set(message.users) == {alice.pk, bob.pk}
    _, changed = ops.events.order_by("seq")
    assert json.loads(message.frame) == {
        "type": "called",
        "room": ops.pk,
        "seq": changed.seq,
        "run": {
            "run": str(run.pk),
            "name": "web1",
            "number": 1,
            "state": "failed",
            "values": "version=1.4.3",
            "url": f"/runs/{run.pk}/",
        },
    }
    assert [counts(ops, one) for one in (alice, bob, charlie)] == [(0, 1), (0, 1), (0, 0)]
    row = Mention.objects.get()  # for all of them
    assert (row.seq, row.user) == (changed.seq, None)
    ops.refresh_from_db()
    ops.mark_seen(bob, ops.seq)
    assert (counts(ops, alice), counts(ops, bob)) == ((0, 1), (0, 0))


@pytest.mark.django_db
def test_a_success_is_told_to_the_person_that_started_the_run_and_to_those_who_want_all(
    make: Make, alice: User, bob: User, charlie: User, ops: Room
) -> None:
    Preferences.objects.create(user=charlie, room_runs=ALL)
    service = make(room=ops, concurrency=9)
    assert names(ended(service, alice, State.SUCCEEDED)) == {"alice", "charlie"}
    assert names(ended(service, None, State.SUCCEEDED)) == {"charlie"}
    EndChoice.keep(bob, service, ALL)
    EndChoice.keep(charlie, service, NOTHING)
    run = ended(service, None, State.SUCCEEDED)
    assert names(run) == {"bob"}
    end(run)
    assert [counts(ops, one) for one in (alice, bob, charlie)] == [(0, 0), (0, 1), (0, 0)]
    EndChoice.keep(charlie, service, "")
    assert names(run) == {"bob", "charlie"}


@pytest.mark.django_db
def test_an_exception_from_the_rule_makes_a_row_for_each_of_the_others(
    make: Make, alice: User, bob: User, charlie: User, ops: Room
) -> None:
    Preferences.objects.create(user=charlie, room_runs=NOTHING)
    end(ended(make(room=ops), None))
    assert [counts(ops, one) for one in (alice, bob, charlie)] == [(0, 1), (0, 1), (0, 0)]
    assert set(Mention.objects.values_list("user", flat=True)) == {alice.pk, bob.pk}


@pytest.mark.django_db
def test_only_people_that_may_see_the_service_and_the_room_are_called(
    make: Make, alice: User, bob: User, charlie: User, ops: Room
) -> None:
    den = Room.objects.create(name="den", members_only=True)
    Membership.objects.create(room=den, user=alice)
    Membership.objects.create(room=den, user=bob)
    assert names(ended(make(room=den), None)) == {"alice", "bob"}
    secret = make("secret", room=ops, seen_by="listed", run_by="listed")
    secret.viewers.add(bob)
    EndChoice.keep(charlie, secret, ALL)
    run = ended(secret, None)
    assert names(run) == {"bob"}
    end(run)
    assert [counts(ops, one) for one in (alice, bob, charlie)] == [(0, 0), (0, 1), (0, 0)]
    bob.deactivate()
    assert names(run) == set()
    assert end(run) == []


@pytest.mark.django_db
def test_a_run_without_a_room_calls_the_person_that_started_it(make: Make, alice: User, bob: User) -> None:
    run = ended(make(), alice)
    [message] = end(run)
    assert message.users == [alice.pk]
    told = json.loads(message.frame)
    assert (told["room"], told["seq"]) == (None, None)
    assert not Mention.objects.exists()


@pytest.mark.django_db
def test_an_archived_room_calls_nobody_that_only_follows_it(make: Make, alice: User, bob: User, ops: Room) -> None:
    service = make(room=ops)
    run = ended(service, alice)
    managing.archive(ops, alice)
    assert names(run) == {"alice"}


@pytest.mark.django_db
def test_a_failed_run_shows_its_card_again_when_it_is_not_the_newest(
    make: Make, alice: User, bob: User, ops: Room
) -> None:
    service = make(room=ops, concurrency=9)
    good, bad, last = (actions.start(service, alice, {}) for _ in range(3))
    ops.post(bob, "and now?")
    for run, state in ((good, State.SUCCEEDED), (bad, State.FAILED)):
        Run.objects.filter(pk=run.pk).move(State.RUNNING)
        Run.objects.filter(pk=run.pk).move(state)
        end(Run.objects.get(pk=run.pk))
    newest = list(ops.events.filter(seq__gt=4).order_by("seq").values_list("kind", "text"))
    assert newest == [
        (Kind.CARD_CHANGED, f"run:{good.pk}"),
        (Kind.CARD_CHANGED, f"run:{bad.pk}"),
        (Kind.CARD, f"run:{bad.pk}"),
    ]
    assert Run.objects.get(pk=bad.pk).card == 2  # its first card
    assert set(Mention.objects.values_list("seq", flat=True)) == {5, 7}
    assert counts(ops, bob) == (0, 1)
    actions.cancel(last, bob)
    assert ops.events.filter(text=f"run:{last.pk}").count() == 2


@pytest.mark.django_db
def test_an_end_costs_as_many_queries_with_many_people_as_with_few(
    make: Make, alice: User, ops: Room, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    service = make(room=ops, concurrency=9)
    first, second = ended(service, alice), ended(service, alice)
    with django_assert_max_num_queries(9) as few:
        calls.of_end(first, 1)
    User.objects.bulk_create(User(username=f"person {n}") for n in range(300))
    with django_assert_num_queries(len(few)):
        calls.of_end(second, 2)
