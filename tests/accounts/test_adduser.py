"""`manage.py adduser` makes accounts and links."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from proj.accounts.models import User


def adduser(*args: str) -> str:
    out = StringIO()
    call_command("adduser", *args, stdout=out, stderr=StringIO())
    return out.getvalue()


pytestmark = pytest.mark.django_db


def test_it_prints_nothing_but_a_link_that_signs_in() -> None:
    link = adduser("alice")
    assert link.count("\n") == 1
    assert User.objects.claim_link(link).username == "alice"


def test_admin_makes_an_administrator() -> None:
    adduser("alice", "--admin")
    assert User.objects.administrators().get().username == "alice"
    assert User.objects.get().is_staff


def test_json_says_who_and_until_when() -> None:
    said = json.loads(adduser("алиса", "--json"))
    assert (said["name"], said["admin"]) == ("алиса", False)
    assert set(said) == {"name", "admin", "link", "expires"}


@pytest.mark.parametrize("name", ["alice", "Alice"])
def test_a_name_that_is_taken_is_told_about_again(alice: User, name: str) -> None:
    with pytest.raises(CommandError, match="--again"):
        adduser(name)


def test_again_makes_a_fresh_link_and_changes_nobody(alice: User) -> None:
    link = adduser("alice", "--again")
    assert User.objects.claim_link(link) == alice
    alice.refresh_from_db()
    assert alice.has_usable_password()


def test_again_for_nobody_says_so() -> None:
    with pytest.raises(CommandError, match="There is no person bob"):
        adduser("bob", "--again")


def test_again_for_a_deactivated_person_says_so(alice: User) -> None:
    alice.deactivate()
    with pytest.raises(CommandError, match="deactivated"):
        adduser("alice", "--again")


def test_again_gives_no_rights(alice: User) -> None:
    with pytest.raises(CommandError, match="rights"):
        adduser("alice", "--again", "--admin")


@pytest.mark.parametrize("name", ["", "two words", "x" * 151, "a\0b"])
def test_a_bad_name_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(CommandError, match="cannot be a name"):
        adduser(name)
    assert not User.objects.exists()


def test_first_adds_the_first_administrator_and_then_stays_quiet() -> None:
    assert "/sign-in/link/#" in adduser("admin", "--admin", "--first")
    assert adduser("admin", "--admin", "--first") == ""
    assert adduser("another", "--admin", "--first") == ""
    assert User.objects.count() == 1
