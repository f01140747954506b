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


def act(client: Client, action: str, *people: User, **more: str) -> str:
    choice = {"action": action, "_selected_action": [person.pk for person in people], **more}
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
    question = act(admin, "deactivate", alice, charlie)
    assert "Deactivate these people?" in question
    assert re.findall(r'name="_selected_action" value="(\d+)"', question) == [str(alice.pk)]
    assert User.objects.get(pk=alice.pk).is_active  # asking does nothing
    assert "1 person deactivated" in act(admin, "deactivate", alice, charlie, confirmed="yes")
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


def test_an_administrator_invites_a_person(admin: Client) -> None:
    assert f"{LIST}invite/" in admin.get(LIST).content.decode()
    page = admin.post(f"{LIST}invite/", {"name": "dora"}).content.decode()
    (link,) = re.findall(r"<code>(.*?)</code>", page)
    dora = User.objects.claim_link(link)
    assert (dora.username, dora.is_superuser) == ("dora", False)
    for name in ("", "Dora", "a b"):
        page = admin.post(f"{LIST}invite/", {"name": name}).content.decode()
        assert "errorlist" in page
        assert "/sign-in/link/#" not in page


def test_staff_without_all_rights_invite_nobody(client: Client, bob: User) -> None:
    bob.is_staff = True
    bob.save()
    bob.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    client.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"{LIST}invite/", {"name": "dora", "administrator": "on"}).status_code == 403
    assert not User.objects.filter(username="dora").exists()


def test_somebody_is_signed_out_everywhere_and_nobody_else(admin: Client, alice: User, bob: User) -> None:
    here, there, others = Client(), Client(), Client()
    for client, person in ((here, alice), (there, alice), (others, bob)):
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert "Sign these people out everywhere?" in act(admin, "sign_out", alice)
    assert here.get("/chat/").status_code == 200
    assert "1 person is signed out" in act(admin, "sign_out", alice, confirmed="yes")
    assert [client.get("/chat/").status_code for client in (here, there, others)] == [302, 302, 200]
    assert admin.get(LIST).status_code == 200
