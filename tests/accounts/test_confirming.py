"""The password asked again before access is given: where, for how long, with the form kept, and with a limit."""

import re
import time
from html import unescape

import pytest
from django.test import Client

from proj.accounts.models import User
from proj.accounts.web.confirming import CONFIRMED_AT, CONFIRMED_SECONDS
from proj.rooms import managing
from proj.rooms.models import Room
from proj.runs.models import Service

QUESTION = "Confirm that it is you"
INVITE, LINKS = "/chat/war room/settings/invite/", "/chat/war room/settings/links/"
PEOPLE = "/admin/accounts/user/"


def signed_in(person: User, *, ago: float = CONFIRMED_SECONDS + 1) -> Client:
    """Return a browser whose person gave the password so many seconds ago."""
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session[CONFIRMED_AT] = int(time.time() - ago)
    session.save()
    return client


@pytest.fixture
def boss(charlie: User) -> User:
    charlie.is_staff = charlie.is_superuser = True
    charlie.save()
    return charlie


@pytest.fixture
def room(alice: User) -> Room:
    return managing.create(alice, "war room", members_only=True)


def carried(page: str) -> dict[str, list[str]]:
    """Return the hidden fields of the question, by name."""
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page):
        fields.setdefault(unescape(name), []).append(unescape(value))
    return {name: values for name, values in fields.items() if name != "csrfmiddlewaretoken"}


def asks(client: Client, address: str, data: dict[str, object]) -> str:
    """Post, be asked, answer wrongly, and return the second question's page."""
    answer = client.post(address, data)
    assert (answer.status_code, QUESTION in answer.content.decode()) == (403, True)
    assert "no-store" in answer["Cache-Control"]
    again = client.post(address, {**carried(answer.content.decode()), "confirm_password": "wrong"})
    assert again.status_code == 403
    page = again.content.decode()
    assert "That is not your password." in page
    assert "wrong" not in str(carried(page))
    return page


def test_a_member_is_let_in_after_the_password_and_the_form_is_kept(alice: User, bob: User, room: Room) -> None:
    client = signed_in(alice)
    page = asks(client, INVITE, {"person": "bob"})
    assert not room.memberships.filter(user=bob).exists()
    assert carried(page) == {"person": ["bob"]}
    done = client.post(INVITE, {**carried(page), "confirm_password": "alice's long passphrase"})
    assert done.status_code == 302
    assert room.memberships.filter(user=bob).exists()
    again = client.post(LINKS, {"lasts": "1"})
    assert QUESTION not in again.content.decode()  # for ten minutes


def test_a_link_into_a_room_asks(alice: User, room: Room) -> None:
    asks(signed_in(alice), LINKS, {"lasts": "1"})
    assert not room.invitations.exists()


def test_invitations_of_people_ask(boss: User) -> None:
    client = signed_in(boss)
    page = asks(client, f"{PEOPLE}invite/", {"name": "dora"})
    assert not User.objects.filter(username="dora").exists()
    made = client.post(f"{PEOPLE}invite/", {**carried(page), "confirm_password": "charlie's long passphrase"})
    assert "/sign-in/link/#" in made.content.decode()


def test_sign_in_links_of_the_admin_ask_and_keep_the_selection(boss: User, alice: User, bob: User) -> None:
    client = signed_in(boss)
    page = asks(client, PEOPLE, {"action": "make_link", "_selected_action": [alice.pk, bob.pk]})
    assert carried(page)["_selected_action"] == [str(alice.pk), str(bob.pk)]
    made = client.post(PEOPLE, {**carried(page), "confirm_password": "charlie's long passphrase"})
    assert made.content.decode().count("/sign-in/link/#") == 2


def test_rights_and_passwords_of_people_ask(boss: User, alice: User) -> None:
    client = signed_in(boss)
    asks(client, f"{PEOPLE}{alice.pk}/change/", {"username": "alice", "is_staff": "on", "is_superuser": "on"})
    asks(client, f"{PEOPLE}add/", {"username": "dora", "usable_password": "false"})
    alice.refresh_from_db()
    assert not alice.is_staff
    assert alice.check_password("alice's long passphrase")


NEW = "a new and long passphrase"
PASSWORDS = {"usable_password": "true", "password1": NEW, "password2": NEW}


@pytest.mark.parametrize("address", ["{alice}/password/", "add/"])
def test_a_form_with_a_password_is_entered_again_after_the_question(address: str, boss: User, alice: User) -> None:
    client = signed_in(boss)
    address = PEOPLE + address.format(alice=alice.pk)
    page = asks(client, address, {"username": "dora", **PASSWORDS})
    assert NEW not in page
    assert "enter it again after this" in page
    assert carried(page) == {"confirm_anew": ["1"]}
    answer = {**carried(page), "confirm_password": "charlie's long passphrase"}
    back = client.post(address, answer)
    assert (back.status_code, back["Location"]) == (302, address)
    form = client.get(address).content.decode()
    assert "Enter this form again: passwords in a form are not kept." in form
    alice.refresh_from_db()
    assert alice.check_password("alice's long passphrase")
    assert client.post(address, answer).status_code == 302  # from another tab, after the answer: nothing is stored
    assert client.post(address, {"username": "dora", **PASSWORDS}).status_code == 302
    changed = User.objects.get(username="dora" if "add" in address else "alice")
    assert changed.check_password(NEW)


def test_the_question_says_that_other_forms_are_kept(alice: User, room: Room) -> None:
    page = asks(signed_in(alice), INVITE, {"person": "bob"})
    assert "What you entered is kept" in page
    assert "enter it again" not in page


def test_services_and_rooms_in_the_admin_ask(boss: User, room: Room) -> None:
    service = Service.objects.create(uid="web1", name="Web", command=["true"])
    client = signed_in(boss)
    asks(client, f"/admin/runs/service/{service.pk}/change/", {"uid": "web1", "seen_by": "everyone"})
    asks(client, "/admin/runs/service/add/", {"uid": "web2"})
    asks(client, f"/admin/rooms/room/{room.pk}/change/", {"name": "war room"})


def test_taking_access_away_does_not_ask(boss: User, alice: User, room: Room) -> None:
    client = signed_in(boss)
    client.post(PEOPLE, {"action": "deactivate", "_selected_action": [alice.pk], "confirmed": "yes"})
    alice.refresh_from_db()
    assert not alice.is_active
    assert client.post("/sessions/others/end/").status_code == 302


def test_pages_to_read_do_not_ask(boss: User, alice: User) -> None:
    client = signed_in(boss)
    assert client.get(f"{PEOPLE}{alice.pk}/change/").status_code == 200
    assert client.get("/admin/runs/service/add/").status_code == 200


@pytest.mark.parametrize(
    ("ago", "status"), [(0, 302), (CONFIRMED_SECONDS - 30, 302), (CONFIRMED_SECONDS, 403), (-90, 403)]
)
def test_a_password_counts_for_ten_minutes(alice: User, bob: User, room: Room, ago: float, status: int) -> None:
    assert signed_in(alice, ago=ago).post(INVITE, {"person": "bob"}).status_code == status


def test_signing_in_counts(alice: User, bob: User, room: Room) -> None:
    client = Client()
    client.post("/sign-in/", {"username": "alice", "password": "alice's long passphrase"})
    assert client.post(INVITE, {"person": "bob"}).status_code == 302


def test_a_person_without_a_password_has_none_to_give(alice: User, bob: User, room: Room) -> None:
    alice.set_unusable_password()
    alice.save()
    assert signed_in(alice).post(INVITE, {"person": "bob"}).status_code == 302


def test_the_password_of_somebody_else_does_not_count(alice: User, bob: User, room: Room) -> None:
    client = signed_in(alice)
    answer = client.post(INVITE, {"person": "bob", "confirm_password": "bob's long passphrase"})
    assert answer.status_code == 403


def test_wrong_answers_are_counted_with_wrong_sign_ins(alice: User, bob: User, room: Room) -> None:
    client = signed_in(alice)
    guess = {"person": "bob", "confirm_password": "wrong"}
    statuses = [client.post(INVITE, guess).status_code for _ in range(8)]
    assert statuses == [403] * 7 + [429]
    right = {**guess, "confirm_password": "alice's long passphrase"}
    assert client.post(INVITE, right).status_code == 429
    assert not room.memberships.filter(user=bob).exists()


def test_old_passwords_cannot_be_guessed_on_the_password_page(alice: User) -> None:
    client = signed_in(alice, ago=0)
    change = {"old_password": "wrong", "new_password1": "correct horse", "new_password2": "correct horse"}
    assert [client.post("/password/", change).status_code for _ in range(8)] == [200] * 7 + [429]
    assert client.post("/password/", {**change, "old_password": "alice's long passphrase"}).status_code == 429


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::5"])
def test_a_right_answer_ends_the_count(alice: User, address: str) -> None:
    client = signed_in(alice)
    client.defaults["REMOTE_ADDR"] = address
    change = {"old_password": "wrong", "new_password1": "correct horse", "new_password2": "not the same"}
    for _ in range(5):
        client.post("/password/", change)
    client.post("/password/", {**change, "old_password": "alice's long passphrase"})
    assert [client.post("/password/", change).status_code for _ in range(5)] == [200] * 5


def test_a_form_cannot_break_out_of_the_question(alice: User, room: Room) -> None:
    page = signed_in(alice).post(INVITE, {"person": '"><script>x</script>'}).content.decode()
    assert "<script>x" not in page
    assert carried(page) == {"person": ['"><script>x</script>']}
