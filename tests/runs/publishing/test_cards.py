"""The card of a run in its room: the part for everybody, and the part for people that may see the run."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from proj.accounts.models import User
from proj.rooms import cards as rooms_cards
from proj.rooms.log.frames import Kind
from proj.rooms.models import Event, Membership, Room
from proj.runs import actions
from proj.runs.models import Chunk, Run, Service
from proj.runs.output import archive
from proj.runs.publishing import cards
from proj.runs.refusals import Busy
from proj.runs.running import leases
from proj.runs.running.leases import Holder
from proj.runs.states import State
from tests.runs.conftest import Make

pytestmark = pytest.mark.django_db


@pytest.fixture
def ops(db: None) -> Room:
    return Room.objects.create(name="ops")


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_a_run_begins_and_ends_as_events_of_its_room(make: Make, alice: User, ops: Room) -> None:
    run = actions.start(make(room=ops), alice, {})
    actions.cancel(run, alice)
    begun, ended = Event.objects.order_by("seq")
    assert (begun.kind, begun.text, begun.author) == (Kind.CARD, f"run:{run.pk}", alice)
    assert (ended.kind, ended.text, ended.target) == (Kind.CARD_CHANGED, f"run:{run.pk}", begun.seq)
    assert Run.objects.get().card == begun.seq


def test_a_card_says_the_display_name_of_who_began_it(make: Make, alice: User, ops: Room) -> None:
    alice.call("Alice Liddell")
    actions.start(make(room=ops), alice, {})
    assert ops.events.get().frame()["name"] == "Alice Liddell"


def test_what_is_refused_leaves_no_card(make: Make, alice: User, ops: Room) -> None:
    service = make(room=ops)
    actions.start(service, alice, {})
    with pytest.raises(Busy):
        actions.start(service, alice, {})
    assert Event.objects.count() == 1


def test_a_run_without_a_room_has_no_card(make: Make, alice: User) -> None:
    run = actions.start(make(), alice, {})
    actions.cancel(run, alice)
    assert not Event.objects.exists()


def test_the_end_of_a_run_whose_room_is_gone_is_no_trouble(make: Make, alice: User, ops: Room) -> None:
    run = actions.start(make(room=ops), alice, {})
    ops.delete()
    run.refresh_from_db()
    actions.cancel(run, alice)
    assert Run.objects.get().state == State.CANCELED


def test_a_run_that_no_person_started_stands_under_the_hosts_name(make: Make, ops: Room) -> None:
    actions.start(make(room=ops), None, {})
    event = Event.objects.get()
    assert event.author.username == "the host"
    assert not event.author.is_active
    assert not event.author.has_usable_password()


def test_the_events_say_nothing_of_what_is_run(make: Make, alice: User, ops: Room) -> None:
    service = make("secret", name="The secret", room=ops, seen_by="listed", run_by="listed")
    service.runners.add(alice)
    run = actions.start(service, alice, {})
    for event in Event.objects.all():
        assert "secret" not in json.dumps(event.frame())
    (message,) = cards.of_state(Run.objects.get())
    assert json.loads(message.frame) == {"type": "card", "card": f"run:{run.pk}", "html": ""}


def test_of_a_service_that_everybody_may_see_the_room_gets_the_card_itself(make: Make, alice: User, ops: Room) -> None:
    actions.start(make(room=ops, name="Web <1>"), alice, {})
    (message,) = cards.of_state(Run.objects.select_related("service", "person").get())
    assert "Web &lt;1&gt;" in json.loads(message.frame)["html"]


def test_when_a_service_is_closed_the_room_gets_no_more_cards_of_its_runs(make: Make, alice: User, ops: Room) -> None:
    run = actions.start(make(room=ops), alice, {})
    begun = Run.objects.select_related("service", "person").get(pk=run.pk)  # as a worker has it
    Service.objects.update(seen_by="listed")
    [message] = cards.of_state(begun)
    assert json.loads(message.frame) == {"type": "card", "card": f"run:{run.pk}", "html": ""}


def test_who_may_not_see_a_service_sees_only_that_there_is_a_run(make: Make, alice: User, bob: User, ops: Room) -> None:
    service = make("secret", name="The secret", room=ops, seen_by="listed", run_by="listed")
    service.runners.add(alice)
    run = actions.start(service, alice, {})
    reference = f"run:{run.pk}"
    for person, sees in ((alice, True), (bob, False)):
        client = signed_in(person)
        page = client.get("/chat/ops/").content.decode()
        assert ("The secret" in page.partition('id="pending"')[0]) is sees
        assert ("A run that you may not see" in page) is not sees
        answer = client.get("/rooms/cards/", {"card": reference}).json()["cards"]
        assert ("The secret" in answer[reference]) is sees
        assert "The secret" not in client.get("/chat/ops/messages/").content.decode()


def test_cards_that_nobody_knows_are_no_trouble(make: Make, alice: User) -> None:
    make()
    answer = signed_in(alice).get("/rooms/cards/?card=run:evil&card=other:1&card=x").json()["cards"]
    assert list(answer) == ["run:evil"]
    assert "may not see" in answer["run:evil"]
    assert rooms_cards.drawn(alice, []) == {}


def test_a_card_shows_the_last_three_lines_and_nothing_that_they_could_do(make: Make, alice: User, ops: Room) -> None:
    run = actions.start(make(room=ops), alice, {})
    data = b"one\ntwo\n<script>\n\x1b[31mred\x1b[0m"
    Chunk.objects.create(run=run, seq=1, offset=0, line=1, data=data)
    Run.objects.filter(pk=run.pk).update(bytes=len(data), lines=3, chunks=1)
    html = cards.draw(alice, [str(run.pk)])[str(run.pk)]
    assert "one" not in html
    assert '<div class="said">two</div><div class="said">&lt;script&gt;</div>' in html
    assert '<span class="ansi-ink-1">red</span>' in html


def test_what_a_command_tells_the_page_takes_no_line_of_a_card(make: Make, alice: User, ops: Room) -> None:
    run = actions.start(make(room=ops), alice, {})
    data = b"zero\none\n::group Unpacking\ntwo\n::endgroup\n::progress 40 Copying\n"
    Chunk.objects.create(run=run, seq=1, offset=0, line=1, data=data)
    Run.objects.filter(pk=run.pk).update(bytes=len(data), lines=6, chunks=1)
    said = "".join(f'<div class="said">{line}</div>' for line in ("one", "Unpacking", "two"))
    assert f'">{said}</div>' in cards.draw(alice, [str(run.pk)])[str(run.pk)]


def test_however_many_cards_there_are_the_database_is_asked_as_often(
    make: Make, alice: User, ops: Room, django_assert_num_queries: Any
) -> None:
    service = make(room=ops, concurrency=100)
    runs = [actions.start(service, alice, {}) for _ in range(12)]
    for number, run in enumerate(runs):
        data = b"gone\n" * 20_000 + b"".join(b"%d.%d\n" % (number, line) for line in range(5))
        parts = [data[at : at + 30_000] for at in range(0, len(data), 30_000)]
        for seq, part in enumerate(parts):
            Chunk.of(run, seq + 1, 30_000 * seq, 1, part).save()
        Run.objects.filter(pk=run.pk).update(bytes=len(data), lines=20_005, chunks=len(parts), state=State.SUCCEEDED)
    for run in runs[::2]:
        archive.keep(run)
    for few in (runs[:2], runs):
        with django_assert_num_queries(3):
            looks = cards.draw(alice, [str(run.pk) for run in few])
        for number, run in enumerate(few):
            said = "".join(f'<div class="said">{number}.{line}</div>' for line in (2, 3, 4))
            assert f'">{said}</div>' in looks[str(run.pk)]


# from a room


def started(client: Client, line: str, room: str = "ops") -> Any:
    return client.post("/runs/start/", {"room": room, "line": line})


def test_a_line_in_a_room_starts_a_run_there(make: Make, alice: User, ops: Room) -> None:
    make("note", ["note", "{text}"], parameters=[{"name": "text"}])
    answer = started(signed_in(alice), "note text='two words'")
    run = Run.objects.get()
    assert answer.json() == {"run": str(run.pk), "url": f"/runs/{run.pk}/"}
    assert (run.room, run.person, run.command) == (ops, alice, ["note", "two words"])


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("", "bad_parameter", "Say what to run"),
        ("web1 'open", "bad_parameter", "A quote is not closed."),
        ("web1 version", "bad_parameter", "as name=value"),
        ("web1 evil=1", "bad_parameter", "There is no parameter evil"),
        ("web9", "not_allowed", "There is no service web9 that you may see."),
        ("web1\0", "not_allowed", "that you may see."),
        ("secret", "not_allowed", "There is no service secret that you may see."),
        ("off", "disabled", "switched off"),
    ],
)
def test_a_line_is_refused_with_a_reason(line: str, code: str, says: str, make: Make, alice: User, ops: Room) -> None:
    make("web1", ["x", "{version}"], parameters=[{"name": "version"}])
    make("secret", run_by="listed", seen_by="listed")
    make("off", enabled=False)
    answer = started(signed_in(alice), line)
    assert answer.status_code in (400, 409)
    assert answer.json()["code"] == code
    assert says in answer.json()["detail"]
    assert not Run.objects.exists()


def test_nobody_starts_anything_in_a_room_that_is_not_open_to_them(
    make: Make, alice: User, bob: User, ops: Room, client: Client
) -> None:
    make("web1")
    secret = Room.objects.create(name="secret", members_only=True)
    Membership.objects.create(room=secret, user=alice)
    assert started(signed_in(bob), "web1", "secret").status_code == 404
    assert started(signed_in(bob), "web1", "nowhere").status_code == 404
    assert started(signed_in(bob), "web1", "no\0where").status_code == 404
    assert started(client, "web1").status_code == 302
    assert not Run.objects.exists()
    assert started(signed_in(alice), "web1", "secret").status_code == 200


def test_a_line_in_a_room_cancels_a_run(make: Make, alice: User) -> None:
    service = make("web1", concurrency=9)
    first, second = actions.start(service, alice, {}), actions.start(service, alice, {})
    client = signed_in(alice)

    def canceled(line: str) -> Any:
        return client.post("/runs/cancel/", {"line": line}).json()

    assert canceled("web1")["detail"] == "Say which: web1#1, web1#2."
    assert canceled("web1#1") == {"run": str(first.pk), "url": f"/runs/{first.pk}/", "detail": "web1 #1 is canceled."}
    leases.claim(Holder("here", "boot", 1, 1), 1)
    assert canceled("web1#x")["code"] == "already_over"
    assert canceled("web1")["detail"] == "web1 #2 is being ended."
    assert Run.objects.get(pk=second.pk).cancel_requested_by == alice
    for line, code in (("web1#9", "already_over"), ("web1", "already_over"), ("", "not_allowed")):
        Run.objects.filter(pk=second.pk).move(State.CANCELED)
        assert canceled(line)["code"] == code


def test_nobody_cancels_from_a_room_what_they_may_not(make: Make, alice: User, bob: User, client: Client) -> None:
    seen, secret = make("seen", run_by="listed"), make("secret", run_by="listed", seen_by="listed")
    for service in (seen, secret):
        service.runners.add(alice)
        actions.start(service, alice, {})
    answers = [signed_in(bob).post("/runs/cancel/", {"line": uid}).json() for uid in ("seen", "secret", "nothing")]
    assert [answer["code"] for answer in answers] == ["not_allowed"] * 3
    assert [answer["detail"] for answer in answers[1:]] == [
        f"There is no service {uid} that you may see." for uid in ("secret", "nothing")
    ]
    assert client.post("/runs/cancel/", {"line": "seen"}).status_code == 302
    assert Run.objects.filter(cancel_requested_at=None, state="queued").count() == 2


def test_an_archived_room_hears_of_no_more_runs(make: Make, alice: User, ops: Room) -> None:
    service = make(room=ops, concurrency=9)
    Room.objects.update(archived_at=timezone.now())
    assert started(signed_in(alice), "web1").status_code == 404
    assert actions.start(service, None, {}).room is None
    assert not Event.objects.exists()


def test_only_what_one_may_start_is_completed(make: Make, alice: User) -> None:
    make("web1", ["x", "{mode}"], parameters=[{"name": "mode", "type": "choice", "choices": ["a", "b"]}])
    make("seen", run_by="listed")
    make("off", enabled=False)
    answer = signed_in(alice).get("/services/names/").json()["services"]
    parameters = [{"name": "mode", "needed": False, "values": ["a", "b"]}]
    assert answer == [{"uid": "web1", "name": "web1", "parameters": parameters}]
