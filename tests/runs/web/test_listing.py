"""Lists of runs: the values that tell one from another, folded checks, bars, and the last words of a failed run."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from proj.accounts.models import User
from proj.runs import actions
from proj.runs.choices import Origin
from proj.runs.models import Run, Service
from proj.runs.output import steps
from proj.runs.states import State
from proj.runs.web.listing import BAR_HEIGHTS, BARS, Fold, bars, folded, listed, summary, with_relations
from tests.runs.conftest import Make
from tests.runs.web.test_pages import COMMAND, PARAMETERS, printed, signed_in, text

pytestmark = pytest.mark.django_db


def ran(service: Service, state: State = State.SUCCEEDED, origin: Origin = Origin.SCHEDULE, **fields: Any) -> Run:
    """Return a run of the service that has ended so."""
    service.last_number += 1
    Service.objects.filter(pk=service.pk).update(last_number=service.last_number)
    fields = {"ended_at": timezone.now()} | fields
    return Run.objects.create(
        service=service, number=service.last_number, state=state, origin=origin, command=service.command, **fields
    )


def rows() -> list[str]:
    """Return the rows of the list in short: `web1#7`, or `disk#1-6` for a fold."""
    found = folded([listed(run) for run in with_relations(Run.objects.order_by("-created_at"))])
    return [
        f"{row.newest['service']}#{row.oldest['number']}-{row.newest['number']}"
        if isinstance(row, Fold)
        else f"{row['service']}#{row['number']}"
        for row in found
    ]


def test_a_list_and_a_page_show_the_values_that_are_not_the_defaults(make: Make, alice: User) -> None:
    web1 = make("web1", COMMAND, parameters=PARAMETERS)
    values = {"version": "1.4.2", "mode": "careful", "force": False, "hosts": 5}
    run = actions.start(web1, alice, values)
    assert listed(run)["given"] == {"version": "1.4.2", "hosts": 5}
    for path in ("/runs/", "/services/", "/services/web1/", f"/runs/{run.pk}/"):
        page = text(signed_in(alice).get(path))
        assert '<span class="name">version</span> <bdi>1.4.2</bdi>' in page, path
        assert '<span class="name">mode</span>' not in page, path


def test_uneventful_scheduled_runs_are_folded(make: Make) -> None:
    disk, certs = make("disk"), make("certs")
    for _ in range(3):
        ran(disk)
        ran(certs)
    assert rows() == ["certs#1-3", "disk#1-3"]


def test_what_a_person_started_or_what_failed_is_never_folded(make: Make, alice: User) -> None:
    disk = make("disk")
    for state, origin in [
        (State.SUCCEEDED, Origin.SCHEDULE),
        (State.SUCCEEDED, Origin.SCHEDULE),
        (State.FAILED, Origin.SCHEDULE),
        (State.SUCCEEDED, Origin.SCHEDULE),
        (State.SUCCEEDED, Origin.PERSON),
        (State.SUCCEEDED, Origin.SCHEDULE),
        (State.SUCCEEDED, Origin.SCHEDULE),
    ]:
        ran(disk, state, origin, person=alice if origin == Origin.PERSON else None)
    assert rows() == [f"disk#{number}" for number in range(7, 0, -1)]


def test_a_fold_keeps_its_name_while_newer_runs_join_it(make: Make, alice: User) -> None:
    disk = make("disk")
    for _ in range(3):
        ran(disk)
    browser = signed_in(alice)
    assert 'data-keep="disk-1"' in text(browser.get("/runs/"))
    ran(disk)
    page = text(browser.get("/runs/"))
    assert 'data-keep="disk-1"' in page
    assert "4 runs by schedule" in page


def test_the_host_is_named_where_there_are_several(make: Make, alice: User) -> None:
    web1 = make("web1")
    ran(web1, host="web-a")
    browser = signed_in(alice)
    assert "web-a" not in text(browser.get("/runs/"))
    ran(web1, host="web-b")
    page = text(browser.get("/runs/"))
    assert "<code>web-a</code>" in page
    assert "<code>web-b</code>" in page


def test_bars_show_the_last_runs_oldest_first_and_the_longest_one_is_highest(make: Make) -> None:
    web1, other = make("web1"), make("other")
    begun = timezone.now()
    for seconds in range(1, BARS + 4):
        ran(web1, claimed_at=begun, started_at=begun, ended_at=begun + timedelta(seconds=seconds))
    found = bars([web1, other])
    assert [bar.number for bar in found[web1.pk]] == list(range(4, BARS + 4))
    assert found[web1.pk][-1].height == BAR_HEIGHTS
    assert [bar.height for bar in found[web1.pk]] == sorted(bar.height for bar in found[web1.pk])
    assert found[other.pk] == []
    assert summary(found[web1.pk]) == "10 × Succeeded"


@pytest.mark.parametrize(
    ("output", "last"),
    [
        (b"", None),
        (b"\n\n", None),
        (b"alone", steps.LastWords("", 1, "alone")),
        (b"::group Fetch\nok\n::endgroup\nbad\n\n", steps.LastWords("", 4, "bad")),
        (b"::group Fetch\nok\n::endgroup\n::group \x1b[1mSmoke\x1b[0m\n\x1b[31mbad\x1b[0m\n::progress 9 x\n", "Smoke"),
        (b"::group Empty\n", None),
        (b"said\n::group Empty\n\n", None),
    ],
)
def test_the_last_words_of_a_run_and_their_step(output: bytes, last: object, make: Make, alice: User) -> None:
    found = steps.last_words(printed(actions.start(make("web1"), alice, {}), output))
    if last == "Smoke":
        assert found == steps.LastWords("Smoke", 5, "bad")
    else:
        assert found == last


def test_a_failed_run_says_in_which_step_and_links_to_the_line(make: Make, alice: User) -> None:
    run = actions.start(make("web1"), alice, {})
    printed(run, b"::group Smoke <tests>\nSmokeFailed: web-3\n", State.FAILED)
    page = text(signed_in(alice).get(f"/runs/{run.pk}/"))
    assert '<bdi class="step">Smoke &lt;tests&gt;</bdi>' in page
    assert '<a href="#L2">Go to line 2</a>' in page


def test_a_services_page_tells_its_schedule_its_people_and_its_limit(make: Make, alice: User) -> None:
    make("disk", schedule="30 4 * * mon-fri", time_zone="Asia/Shanghai", timeout=90)
    page = text(signed_in(alice).get("/services/disk/"))
    assert "<code>30 4 * * mon-fri</code> (Asia/Shanghai)" in page
    assert "1 min 30 s" in page
    assert "everyone" in page


def test_a_parameter_may_have_a_label_and_an_example(make: Make, alice: User) -> None:
    described = [{"name": "version", "label": "Version", "pattern": "[0-9.]+", "example": "1.4.2", "required": True}]
    make("web1", ["deploy", "{version}"], parameters=described)
    browser = signed_in(alice)
    page = text(browser.get("/services/web1/"))
    assert "<bdi>Version</bdi>" in page
    assert "For example: 1.4.2" in page
    assert "[0-9.]+" not in page
    refused = text(browser.post("/services/web1/", {"p-version": "new"}))
    assert "does not look as it must. For example: 1.4.2" in refused
