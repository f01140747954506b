"""The causes for which queued runs wait."""

import re
from typing import Any

import pytest
from django.test import Client

from proj.accounts.models import User
from proj.runs.models import Run, Service
from proj.runs.publishing import frames
from proj.runs.publishing.waiting import MAX_BLOCKERS, waiting
from proj.runs.states import State
from tests.runs.conftest import Make

pytestmark = pytest.mark.django_db


def queue(service: Service, runs: int, running: int = 0) -> list[Run]:
    """Return so many queued runs of the service; the first `running` of them were claimed."""
    first = service.runs.count() + 1
    made = [Run.objects.create(service=service, number=n, command=["true"]) for n in range(first, first + runs)]
    for run in made[:running]:
        Run.objects.filter(pk=run.pk).move(State.RUNNING)
        run.refresh_from_db()
    return made


def causes(runs: list[Run]) -> list[tuple[str, int, list[int]]]:
    found = [waiting([run]).get(run.pk) for run in runs]
    return [(one["cause"], one["place"], [blocker["number"] for blocker in one["runs"]]) for one in found if one]


def test_a_run_waits_for_the_one_that_runs_and_the_next_ones_behind_it(make: Make) -> None:
    runs = queue(make(), 3, running=1)
    assert causes(runs) == [("runs", 1, [1]), ("runs", 2, [1])]
    Run.objects.filter(pk=runs[0].pk).move(State.SUCCEEDED)
    assert causes(runs) == [("worker", 1, []), ("runs", 2, [2])]


def test_of_several_at_once_one_must_end(make: Make) -> None:
    runs = queue(make(concurrency=2), 4, running=2)
    assert causes(runs) == [("runs", 1, [1, 2]), ("runs", 2, [1, 2])]
    Run.objects.filter(pk=runs[0].pk).move(State.FAILED)
    assert causes(runs) == [("worker", 1, []), ("runs", 2, [2, 3])]


def test_with_room_in_the_service_a_run_waits_for_a_worker(make: Make) -> None:
    assert causes(queue(make(concurrency=3), 2)) == [("worker", 1, []), ("worker", 2, [])]


def test_runs_of_other_services_are_no_cause(make: Make) -> None:
    queue(make("web1"), 1, running=1)
    assert causes(queue(make("web2"), 1)) == [("worker", 1, [])]


def test_a_service_that_was_switched_off_keeps_its_queue(make: Make) -> None:
    service = make()
    runs = queue(service, 2, running=1)
    Service.objects.update(enabled=False)
    assert causes([Run.objects.select_related("service").get(pk=runs[1].pk)]) == [("disabled", 1, [])]


def test_few_of_many_blockers_are_named(make: Make) -> None:
    (found,) = waiting(queue(make(concurrency=9), 10, running=9)).values()
    assert len(found["runs"]) == MAX_BLOCKERS


def test_many_runs_of_one_service_cost_one_query(make: Make, django_assert_num_queries: Any) -> None:
    runs = queue(make(), 30, running=1)
    with django_assert_num_queries(1):
        assert len(waiting(runs)) == 29


def test_only_queued_runs_have_a_cause(make: Make) -> None:
    running, queued = frames.watched(queue(make(), 2, running=1))
    assert "waiting" not in running
    assert queued["waiting"]["place"] == 1


def test_the_page_of_a_queued_run_says_and_links_the_cause(alice: User, make: Make) -> None:
    service = make(name="Roll <out>")
    runs = queue(service, 3, running=1)
    client = Client()
    client.force_login(alice)

    def said(run: Run) -> str:
        page = client.get(f"/runs/{run.pk}/").content.decode()
        found = re.search(r'<p class="empty" id="empty"\s*>(.*?)</p>', page, re.DOTALL)
        return " ".join(found[1].split()) if found else ""

    link = f'<a href="/runs/{runs[0].pk}/"><bdi>Roll &lt;out&gt;</bdi> #1</a>'
    assert said(runs[2]) == f"It waits until {link} has ended. It is number 2 in the queue."
    Run.objects.filter(pk=runs[0].pk).move(State.SUCCEEDED)
    assert said(runs[1]) == "It waits for a worker."
    Service.objects.update(enabled=False)
    assert said(runs[1]) == "It waits until the service is switched on."
    Service.objects.update(enabled=True, concurrency=2)
    queue(service, 2, running=2)
    assert "It waits until one of these has ended: <a" in said(runs[2])
