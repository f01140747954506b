"""The display name, which pages show beside the sign-in name."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from proj.accounts.display_name import checked
from proj.accounts.models import User

CHOICES = {"theme": "dark", "clock": "24", "notify": "off"}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Alice Liddell", "Alice Liddell"),
        ("  Alice \u3000 Liddell ", "Alice Liddell"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("e\u0301" * 50, "\u00e9" * 50),
        ("\u0410\u043b\u0438\u0441\u0430", "\u0410\u043b\u0438\u0441\u0430"),
        (
            "\u0f56\u0f66\u0f92\u0fb2\u0f74\u0f56\u0f66",
            "\u0f56\u0f66\u0f92\u0fb2\u0f74\u0f56\u0f66",
        ),  # Tibetan stacks three marks
        ("\U0001f98a", "\U0001f98a"),
        *((name, name) for name in ("نرم\u200cافزار", "Ann 👩🏽\u200d🚒", "❤\ufe0f", "1\ufe0f\u20e3", "\U0001fae9")),
        ("", ""),
        (" \u2003 ", ""),
    ],
)
def test_a_display_name_is_kept_composed_on_one_line(written: str, kept: str) -> None:
    assert checked(written) == kept


@pytest.mark.parametrize(
    "name",
    [
        "x" * 51,
        "Alice\nLiddell",
        "Alice\u2028Liddell",
        "Alice\x07",
        "\x00Alice",
        "\u202ealice",
        "a\u2066b\u2069",
        "a\u200bb",
        "\u0301" * 50,
        "e" + "\u0301" * 49,
        "a\u0300\u0301\u0302\u0303\u0304\u0305",
        "\u3164\u3164",
        "\u2800",
        "\ufe0f",
        "\u200d",
        "ali\u200cce",
        "alice\u200d",
        "alice\ufe0f",
        "alice\u034f",
        "\ue000",
        "\ud800",
    ],
)
def test_what_cannot_be_seen_or_would_cover_others_is_no_display_name(name: str) -> None:
    with pytest.raises(ValidationError):
        checked(name)


@pytest.fixture
def as_alice(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def test_one_chooses_it_in_the_settings_and_may_have_none(as_alice: Client, alice: User, bob: User) -> None:
    assert as_alice.post("/settings/", CHOICES | {"display_name": "  Zoe\u0308 <b>  "})["Location"] == "/settings/"
    alice.refresh_from_db()
    assert alice.display_name == "Zo\u00eb <b>"
    page = as_alice.get("/settings/").content.decode()
    assert 'value="Zo\u00eb &lt;b&gt;"' in page
    assert '<bdi class="called">Zo\u00eb &lt;b&gt;</bdi> <bdi class="name">alice</bdi>' in page
    bob.call("Zo\u00eb <b>")  # it need not be one person's only
    bob.call("alice")
    assert User.objects.get(username="bob").display_name == "alice"
    as_alice.post("/settings/", CHOICES | {"display_name": ""})
    alice.refresh_from_db()
    assert alice.display_name == ""


def test_what_is_none_changes_nothing_and_is_told(as_alice: Client, alice: User) -> None:
    alice.call("Alice Liddell")
    page = as_alice.post("/settings/", CHOICES | {"display_name": "\u202eecila"}).content.decode()
    assert "without signs that turn text around" in page
    with pytest.raises(ValidationError):
        alice.call("\u0301" * 50)
    alice.refresh_from_db()
    assert alice.display_name == "Alice Liddell"
    assert 'data-theme="dark"' not in as_alice.get("/settings/").content.decode()


def test_ones_own_sign_in_name_is_not_said_twice(alice: User) -> None:
    alice.call("alice")
    assert User.objects.get().display_name == ""


def test_administrators_find_and_change_it(client: Client, alice: User, charlie: User) -> None:
    charlie.is_staff = charlie.is_superuser = True
    charlie.save()
    client.force_login(charlie, backend="django.contrib.auth.backends.ModelBackend")
    alice.call("Alice Liddell")
    assert "Alice Liddell" in client.get("/admin/accounts/user/?q=liddell").content.decode()
    address = f"/admin/accounts/user/{alice.pk}/change/"
    fields = {"username": "alice", "date_joined_0": "2026-01-01", "date_joined_1": "12:00:00", "is_active": "on"}
    page = client.post(address, fields | {"display_name": "\u202eecila"}).content.decode()
    assert "without signs that turn text around" in page
    assert client.post(address, fields | {"display_name": " Alice  L. "}).status_code == 302
    alice.refresh_from_db()
    assert alice.display_name == "Alice L."
