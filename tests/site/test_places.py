"""The places that Ctrl+K offers besides rooms: those that a person may see, and no others."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from proj.accounts.models import User
from proj.runs.models import Service

pytestmark = pytest.mark.django_db


@pytest.fixture
def services(bob: User) -> None:
    for uid, seen_by in (("web1", "everyone"), ("web2", "listed")):
        service = Service.objects.create(uid=uid, name=f"Roll out <{uid}>", command=["true"], seen_by=seen_by)
        service.viewers.set([bob])


PAGES = ["/chat/", "/runs/", "/services/", "/search/", "/settings/", "/password/", "/sessions/", "/rooms/new/"]


def found(person: User) -> list[str]:
    """Return the addresses that `person` is offered after the pages for everybody; each of them opens."""
    client = Client()
    client.force_login(person)
    addresses = [place["address"] for place in client.get("/places/").json()]
    assert [client.get(address).status_code for address in addresses] == len(addresses) * [200]
    assert addresses[: len(PAGES)] == PAGES
    return addresses[len(PAGES) :]


def test_people_find_the_services_that_they_may_see(services: None, alice: User, bob: User) -> None:
    assert found(alice) == ["/services/web1/"]
    assert found(bob) == ["/services/web1/", "/services/web2/"]


def test_administrators_find_their_pages_and_people(services: None, alice: User, bob: User) -> None:
    alice.is_staff = alice.is_superuser = True
    alice.save()
    bob.deactivate()
    assert found(alice)[2:] == [
        "/admin/accounts/user/",
        "/admin/accounts/user/invite/",
        "/admin/rooms/room/",
        "/admin/runs/service/",
        f"/admin/accounts/user/{alice.pk}/change/",
    ]


def test_staff_find_the_pages_that_they_may_open(alice: User) -> None:
    alice.is_staff = True
    alice.save()
    alice.user_permissions.set(Permission.objects.filter(codename="view_room"))
    assert found(alice) == ["/admin/rooms/room/"]


def test_nobody_finds_anything_without_signing_in() -> None:
    assert Client().get("/places/").status_code == 302
