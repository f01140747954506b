"""One-time sign-in links: how a person gets in the first time, or after forgetting the password.

A link is `<main address>/sign-in/link/#<code>` and a code is `<person's id>.<token>`. The code stands behind the `#`,
which browsers keep to themselves: it reaches no access log, no proxy and no `Referer`. The page posts it in a form.
"""

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator

MAX_ID_DIGITS = 18  # more would not fit into the database's 64 bits


class BadLink(Exception):
    """The link cannot sign anyone in: it was used, it has expired, or a part of it is missing."""


class LinkTokens(PasswordResetTokenGenerator):
    """Tokens that expire with any sign-in, with a new password, and after PASSWORD_RESET_TIMEOUT seconds.

    _make_hash_value() is a private method of Django that its documentation tells projects to override; tested with
    Django 5.2 (tests/accounts/test_links.py).
    """

    key_salt = "signalbox.accounts.links"

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: int) -> str:
        # Django's own method drops the microseconds of last_login: a link that is made and used within the second of
        # an earlier sign-in would work a second time.
        last = user.last_login.isoformat() if user.last_login else ""
        return f"{user.pk}|{user.password}|{last}|{timestamp}"


tokens = LinkTokens()


def link(person_id: int, token: str) -> str:
    """Return the link with this code, at the main address. Earlier links stay valid until the person signs in."""
    # Not reverse(): commands make links as well, and need not load every view for a path that the docs name anyway.
    return f"{settings.ADDRESSES[0]}/sign-in/link/#{person_id}.{token}"


def parts(code: str) -> tuple[int, str]:
    """Return the person's id and the token in `code`, which may be a whole pasted link. Raise BadLink."""
    number, dot, token = code.strip().rpartition("#")[2].partition(".")
    if not (dot and number.isascii() and number.isdecimal() and len(number) <= MAX_ID_DIGITS):
        raise BadLink
    return int(number), token
