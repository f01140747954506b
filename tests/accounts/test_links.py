"""One-time sign-in links: making and claiming them."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.tokens import PasswordResetTokenGenerator, default_token_generator
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from proj.accounts import links
from proj.accounts.links import BadLink
from proj.accounts.models import User


def code_of(link: str) -> str:
    return link.partition("#")[2]


def test_a_link_signs_in_once(alice: User) -> None:
    code = code_of(alice.sign_in_link())
    assert User.objects.claim_link(code) == alice
    with pytest.raises(BadLink):
        User.objects.claim_link(code)


def test_the_secret_stands_behind_the_hash_and_nowhere_else(alice: User, settings: Settings) -> None:
    settings.ADDRESSES = ["https://ops.example.org", "http://127.0.0.1:8080"]
    address, _, code = alice.sign_in_link().partition("#")
    assert address == "https://ops.example.org/sign-in/link/"
    assert code.startswith(f"{alice.pk}.")
    assert len(code.partition("-")[2]) == 32


def test_any_sign_in_ends_a_link_even_within_the_same_second(alice: User) -> None:
    alice.last_login = timezone.now().replace(microsecond=1)
    alice.save()
    code = code_of(alice.sign_in_link())
    alice.last_login += timedelta(microseconds=1)
    alice.save()
    with pytest.raises(BadLink):
        User.objects.claim_link(code)


def test_a_new_password_ends_a_link(alice: User) -> None:
    code = code_of(alice.sign_in_link())
    alice.set_password("another long passphrase")
    alice.save()
    with pytest.raises(BadLink):
        User.objects.claim_link(code)


def test_a_link_ends_after_its_time(alice: User, settings: Settings) -> None:
    code = code_of(alice.sign_in_link())
    settings.PASSWORD_RESET_TIMEOUT = -1
    with pytest.raises(BadLink):
        User.objects.claim_link(code)


def test_a_deactivated_person_has_no_way_in_by_link(alice: User) -> None:
    code = code_of(alice.sign_in_link())
    alice.deactivate()
    with pytest.raises(BadLink):
        User.objects.claim_link(code)


def test_a_link_of_one_person_does_not_open_another(alice: User, bob: User) -> None:
    token = code_of(alice.sign_in_link()).partition(".")[2]
    with pytest.raises(BadLink):
        User.objects.claim_link(f"{bob.pk}.{token}")


@pytest.mark.parametrize(
    "code", ["", ".", "1", "1.", "x.y", "-1.a-b", "٣.a-b", "1." + "a" * 500, "9" * 40 + ".a-b", "1.a-b-c", "1.\0-\0"]
)
def test_what_is_not_a_code_is_refused_with_a_sentence(code: str, alice: User) -> None:
    with pytest.raises(BadLink):
        User.objects.claim_link(code)


def test_a_whole_pasted_link_counts_as_its_code(alice: User) -> None:
    assert User.objects.claim_link(f"  {alice.sign_in_link()}\n") == alice


def test_the_token_of_a_password_reset_is_no_link(alice: User) -> None:
    with pytest.raises(BadLink):
        User.objects.claim_link(f"{alice.pk}.{default_token_generator.make_token(alice)}")
    assert links.tokens.key_salt != default_token_generator.key_salt


@pytest.mark.django_db(transaction=True)
def test_of_many_that_use_a_link_at_once_one_gets_in() -> None:
    alice = User.objects.add("alice")
    code = code_of(alice.sign_in_link())
    together = threading.Barrier(8)
    outcomes = []

    def claim() -> None:
        together.wait()
        try:
            outcomes.append(User.objects.claim_link(code).username)
        except BadLink:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["alice"] + ["refused"] * 7


def test_two_names_that_differ_only_by_case_cannot_both_be_taken(alice: User) -> None:
    with pytest.raises(ValidationError):
        User.objects.add("Alice")


def test_somebody_added_has_no_password_and_no_rights(db: None) -> None:
    alice = User.objects.add("alice")
    assert alice.is_active
    assert not (alice.has_usable_password() or alice.is_staff or alice.is_superuser)


def test_django_still_has_the_private_method_that_link_tokens_override() -> None:
    assert callable(PasswordResetTokenGenerator._make_hash_value)
