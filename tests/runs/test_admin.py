"""Services in the admin: described, refused with a sentence at the field, switched off and never deleted."""

import re

import pytest
from django.test import Client

from proj.accounts.models import User
from proj.runs import actions
from proj.runs.models import Run, Service
from tests.runs.conftest import Make

pytestmark = pytest.mark.django_db

FORM = {
    "uid": "web1",
    "name": "Web",
    "command": '["deploy", "{version}"]',
    "parameters": '[{"name": "version"}]',
    "environment": '["PATH"]',
    "values": "{}",
    "run_by": "everyone",
    "seen_by": "everyone",
    "concurrency": "1",
    "when_busy": "refuse",
    "timeout": "60",
    "grace": "5",
    "output_limit": "1000000",
    "encoding": "utf-8",
    "over_limit": "end",
    "time_zone": "UTC",
    "missed": "skip",
    "enabled": "on",
}


@pytest.fixture
def admin(client: Client, alice: User) -> Client:
    alice.is_staff = alice.is_superuser = True
    alice.save()
    client.force_login(alice)
    return client


def test_a_service_is_described_in_the_admin(admin: Client) -> None:
    assert b"No shell reads it" in admin.get("/admin/runs/service/add/").content
    assert admin.post("/admin/runs/service/add/", FORM).status_code == 302
    service = Service.objects.get()
    assert (service.command, service.over_limit, service.next_at) == (["deploy", "{version}"], "end", None)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("command", '["deploy"]', "The parameter version is nowhere in the command."),
        ("parameters", '[{"name": "V"}]', "A parameter has a name of small letters"),
        ("directory", "srv", "The directory is an absolute path."),
        ("schedule", "often", "Not a time as crontab has it"),
        ("time_zone", "Mars", "Mars is not a time zone"),
        ("environment", '["A=B"]', "A list of names of variables."),
        ("values", '{"A": 1}', "Names with texts"),
    ],
)
def test_what_cannot_be_run_is_refused_at_its_field(admin: Client, field: str, value: str, sentence: str) -> None:
    page = admin.post("/admin/runs/service/add/", FORM | {field: value})
    assert page.status_code == 200
    assert any(sentence in said for said in page.context["adminform"].form.errors[field])
    assert not Service.objects.exists()


def test_each_parameter_has_a_line_of_its_own(admin: Client, make: Make) -> None:
    described = [{"name": "version"}, {"name": "force", "type": "boolean"}]
    service = make(command=["true", "{version}", "{force}"], parameters=described)
    field = admin.get(f"/admin/runs/service/{service.pk}/change/").context["adminform"].form["parameters"]
    assert field.value().splitlines() == ["[", '  {"name": "version"},', '  {"name": "force", "type": "boolean"}', "]"]
    assert field.field.clean(field.value()) == described


@pytest.mark.parametrize("language", ["ru", "zh-hans"])
def test_its_headings_are_in_the_language_of_who_reads_them(admin: Client, language: str) -> None:
    page = admin.get("/admin/runs/service/add/", headers={"Accept-Language": language}).content.decode()
    headings = re.findall(r"<h[12][^>]*>\s*([^<]+?)\s*<", page)
    assert len(headings) > 6
    assert [heading for heading in headings if heading.isascii()] == []


def test_a_change_does_not_take_back_what_runs_have_counted_meanwhile(admin: Client, make: Make) -> None:
    service = make(concurrency=9)
    actions.start(service, None, {})
    service.name = "saved from an old form"
    service.save()
    assert actions.start(service, None, {}).number == 2


def test_nobody_deletes_a_service_or_changes_a_run(admin: Client, make: Make) -> None:
    service = make()
    run = actions.start(service, None, {})
    assert admin.post(f"/admin/runs/service/{service.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin.get(f"/admin/runs/run/{run.pk}/change/").status_code == 200
    for verb in ("change", "delete"):
        assert admin.post(f"/admin/runs/run/{run.pk}/{verb}/", {"post": "yes", "state": "lost"}).status_code == 403
    assert admin.get("/admin/runs/run/").status_code == 200
    assert Run.objects.get().command == ["true"]
