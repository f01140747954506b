"""Signing in and out, and passwords, through the pages."""

import logging

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from proj.accounts.models import User
from proj.accounts.sessions import person_of

SIGN_IN, LINK, PASSWORD = "/sign-in/", "/sign-in/link/", "/password/"
pytestmark = pytest.mark.django_db


def sign_in(client: Client, name: str, password: str, **more: str) -> int:
    return client.post(SIGN_IN, {"username": name, "password": password, **more}, REMOTE_ADDR="192.0.2.7").status_code


def use(client: Client, link: str) -> object:
    return client.post(LINK, {"code": link.partition("#")[2]})


def key(client: Client) -> str:
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def test_the_addresses_are_what_people_know() -> None:
    names = {name: reverse(f"accounts:{name}") for name in ("sign-in", "link", "sign-out", "password")}
    assert names == {"sign-in": SIGN_IN, "link": LINK, "sign-out": "/sign-out/", "password": PASSWORD}


def test_the_page_asks_for_name_and_password_in_a_way_that_browsers_can_fill(client: Client) -> None:
    page = client.get(SIGN_IN).content.decode()
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert "<script>" not in page


def test_signing_in_leads_to_the_rooms_or_where_one_wanted_to_go(alice: User, client: Client) -> None:
    secret = {"username": "alice", "password": "alice's long passphrase"}
    assert client.post(SIGN_IN, secret)["Location"] == reverse("rooms:list")
    assert Client().post(SIGN_IN, {**secret, "next": "/chat/lobby/"})["Location"] == "/chat/lobby/"
    assert Client().post(SIGN_IN, {**secret, "next": "//evil.invalid/"})["Location"] == reverse("rooms:list")


def test_signing_out_takes_a_post(alice: User, client: Client) -> None:
    sign_in(client, "alice", "alice's long passphrase")
    mine = key(client)
    assert client.get("/sign-out/").status_code == 405
    assert person_of(mine) == alice
    assert client.post("/sign-out/")["Location"] == SIGN_IN
    assert person_of(mine) is None


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP"])
def test_a_header_gives_nobody_another_address_to_guess_from(alice: User, header: str) -> None:
    client = Client()
    for number in range(8):
        client.post(SIGN_IN, {"username": "alice", "password": "wrong"}, headers={header: f"192.0.2.{number}"})
    assert client.post(SIGN_IN, {"username": "alice", "password": "wrong"}).status_code == 429


def test_the_addresses_of_one_ipv6_network_are_one_client(alice: User) -> None:
    client = Client()
    for number in range(8):
        client.post(SIGN_IN, {"username": "alice", "password": "wrong"}, REMOTE_ADDR=f"2001:db8:0:7::{number}")
    again = {"username": "alice", "password": "alice's long passphrase"}
    assert client.post(SIGN_IN, again, REMOTE_ADDR="2001:db8:0:7:ffff::1").status_code == 429
    assert client.post(SIGN_IN, again, REMOTE_ADDR="2001:db8:0:8::1").status_code == 302


def test_after_eight_wrong_passwords_the_name_is_locked_for_that_address_only(alice: User, bob: User) -> None:
    client = Client()
    seen = [sign_in(client, "alice", "wrong") for _ in range(8)]
    assert seen == [200] * 7 + [429]
    locked = client.post(SIGN_IN, {"username": "alice", "password": "alice's long passphrase"}, REMOTE_ADDR="192.0.2.7")
    assert locked.status_code == 429
    assert "Wait 15 minutes" in locked.content.decode()
    assert sign_in(Client(), "bob", "bob's long passphrase") == 302
    elsewhere = {"username": "alice", "password": "alice's long passphrase"}
    assert Client().post(SIGN_IN, elsewhere, REMOTE_ADDR="192.0.2.8").status_code == 302


def test_a_failed_attempt_keeps_no_password(alice: User, client: Client) -> None:
    from axes.models import AccessAttempt

    sign_in(client, "alice", "nearly right")
    assert "nearly" not in str(AccessAttempt.objects.values())


def test_looking_at_the_link_page_uses_nothing_up(client: Client) -> None:
    alice = User.objects.add("alice")
    link = alice.sign_in_link()
    page = client.get(LINK)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert 'type="module" src="/static/site/code.js"' in page.content.decode()
    use(client, link)
    assert person_of(key(client)) == alice


def test_a_new_person_signs_in_by_link_and_chooses_a_password(client: Client) -> None:
    alice = User.objects.add("alice")
    answer = client.post(LINK, {"code": alice.sign_in_link()}, follow=True)
    assert answer.redirect_chain == [(PASSWORD, 302)]
    page = answer.content.decode()
    assert "Choose a password" in page
    assert "old_password" not in page
    assert "Not now" in page
    chosen = {"new_password1": "correct horse battery", "new_password2": "correct horse battery"}
    assert client.post(PASSWORD, chosen)["Location"] == reverse("rooms:list")
    assert person_of(key(client)) is not None
    assert sign_in(Client(), "alice", "correct horse battery") == 302


def test_a_link_that_was_used_gets_a_sentence_that_says_what_to_do(client: Client) -> None:
    alice = User.objects.add("alice")
    link = alice.sign_in_link()
    use(Client(), link)
    answer = client.post(LINK, {"code": link})
    assert "adduser NAME --again" in answer.content.decode()
    assert settings.SESSION_COOKIE_NAME not in client.cookies


def test_the_code_is_in_no_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    alice = User.objects.add("alice")
    code = alice.sign_in_link().partition("#")[2]
    with caplog.at_level(logging.DEBUG):
        client.post(LINK, {"code": code})
        client.post(LINK, {"code": code})
    assert "a sign-in link was refused" in caplog.text
    assert code.partition(".")[2] not in caplog.text


def test_a_link_needs_the_form_of_our_own_page() -> None:
    alice = User.objects.add("alice")
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(LINK, {"code": alice.sign_in_link()}).status_code == 403


def test_who_forgot_the_password_sets_a_new_one_after_a_link(alice: User, client: Client) -> None:
    use(client, alice.sign_in_link())
    assert "old_password" not in client.get(PASSWORD).content.decode()


def test_the_link_stands_for_the_old_password_only_a_while(alice: User, client: Client) -> None:
    use(client, alice.sign_in_link())
    session = client.session
    session["signed_in_by_link_at"] -= 16 * 60
    session.save()
    assert "old_password" in client.get(PASSWORD).content.decode()


def test_signing_in_over_a_session_of_somebody_else_ends_that_one(alice: User, bob: User, client: Client) -> None:
    sign_in(client, "alice", "alice's long passphrase")
    earlier = key(client)
    use(client, bob.sign_in_link())
    assert person_of(key(client)) == bob
    assert person_of(earlier) is None


def test_changing_the_password_keeps_this_session_and_ends_the_others(alice: User, client: Client) -> None:
    other = Client()
    for browser in (client, other):
        sign_in(browser, "alice", "alice's long passphrase")
    change = {
        "old_password": "alice's long passphrase",
        "new_password1": "correct horse battery",
        "new_password2": "correct horse battery",
    }
    assert client.post(PASSWORD, change).status_code == 302
    assert person_of(key(client)) == alice
    assert person_of(key(other)) is None


@pytest.mark.parametrize(
    "weak",
    [
        *("short", "eleven char", "123456789012", "1qaz2wsx3edc4rfv"),
        *("alice1234567", "alicealicealice", "ALICE-alice-12", "Big Boss 12345", "alice bigboss al"),
    ],
)
def test_weak_passwords_are_refused(alice: User, client: Client, weak: str) -> None:
    alice.call("Big Boss")
    sign_in(client, "alice", "alice's long passphrase")
    change = {"old_password": "alice's long passphrase", "new_password1": weak, "new_password2": weak}
    assert client.post(PASSWORD, change).status_code == 200
    assert sign_in(Client(), "alice", weak) == 200


def test_the_password_page_is_for_people_who_are_signed_in(client: Client) -> None:
    assert client.get(PASSWORD)["Location"] == f"{SIGN_IN}?next={PASSWORD}"


@pytest.mark.parametrize("strong", ["correct horse", "alice has a long pass", "пароль из слов"])
def test_other_passwords_are_taken(alice: User, client: Client, strong: str) -> None:
    sign_in(client, "alice", "alice's long passphrase")
    change = {"old_password": "alice's long passphrase", "new_password1": strong, "new_password2": strong}
    assert client.post(PASSWORD, change).status_code == 302
    assert sign_in(Client(), "alice", strong) == 302


def test_a_short_password_from_before_still_signs_in(db: None) -> None:
    User.objects.create_user("dora", password="tiny")
    assert sign_in(Client(), "dora", "tiny") == 302


def test_the_rules_hold_behind_a_link_and_in_the_admin_too(client: Client, charlie: User) -> None:
    use(client, User.objects.add("alice").sign_in_link())
    page = client.post(PASSWORD, {"new_password1": "password1234", "new_password2": "password1234"})
    assert page.status_code == 200
    assert not User.objects.get(username="alice").has_usable_password()
    charlie.is_staff = charlie.is_superuser = True
    charlie.save()
    client.force_login(charlie, backend="django.contrib.auth.backends.ModelBackend")
    weak = {"username": "dora", "usable_password": "true", "password1": "dora1234567", "password2": "dora1234567"}
    assert client.post("/admin/accounts/user/add/", weak).status_code == 200
    assert not User.objects.filter(username="dora").exists()
