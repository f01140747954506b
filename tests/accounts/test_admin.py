"""People in Django's admin."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from proj.accounts.models import User

LIST = "/admin/accounts/user/"


@pytest.fixture
def admin(client: Client, charlie: User) -> Client:
    charlie.is_staff = charlie.is_superuser = True
    charlie.save()
    client.force_login(charlie, backend="django.contrib.auth.backends.ModelBackend")
    return client


def act(client: Client, action: str, *people: User) -> str:
    choice = {"action": action, "_selected_action": [person.pk for person in people]}
    return client.post(LIST, choice, follow=True).content.decode()


def test_an_administrator_makes_links_that_sign_in(admin: Client, alice: User, bob: User) -> None:
    page = act(admin, "make_link", alice, bob)
    links = re.findall(r"<code>(.*?)</code>", page)
    assert [User.objects.claim_link(link) for link in links] == [alice, bob]


def test_a_page_with_links_is_stored_nowhere(admin: Client, alice: User) -> None:
    answer = admin.post(LIST, {"action": "make_link", "_selected_action": [alice.pk]})
    assert "no-store" in answer["Cache-Control"]
    assert "messages" not in answer.cookies


def test_deactivating_shuts_people_out_but_never_oneself(admin: Client, alice: User, charlie: User) -> None:
    assert "1 person deactivated" in act(admin, "deactivate", alice, charlie)
    alice.refresh_from_db()
    charlie.refresh_from_db()
    assert (alice.is_active, charlie.is_active) == (False, True)


def test_staff_who_may_change_people_still_make_no_links(client: Client, alice: User, bob: User) -> None:
    bob.is_staff = True
    bob.save()
    bob.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    client.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    assert "deactivate" in client.get(LIST).content.decode()
    assert "/sign-in/link/#" not in act(client, "make_link", alice)


def test_a_person_added_there_may_be_without_a_password(admin: Client) -> None:
    assert admin.get(f"{LIST}add/").status_code == 200
