"""One-time sign-in links: how a person gets in the first time, or after forgetting the password.

A link is `<main address>/sign-in/link/#<code>` and a code is `<person's id>.<token>`. The code stands behind the `#`,
which browsers keep to themselves: it reaches no access log, no proxy and no `Referer`. The page posts it in a form.
"""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator

if TYPE_CHECKING:
    from proj.accounts.models import User


class BadLink(Exception):
    """This link cannot sign anyone in: it was used, it has expired, or a part of it is missing."""


class LinkTokens(PasswordResetTokenGenerator):
    """Tokens that die with any sign-in, a new password, and after PASSWORD_RESET_TIMEOUT seconds."""

    key_salt = "signalbox.accounts.links"

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: int) -> str:
        # Django's own drops the microseconds of last_login: a link made and used within the second of an
        # earlier sign-in would open a second time.
        last = user.last_login.isoformat() if user.last_login else ""
        return f"{user.pk}|{user.password}|{last}|{timestamp}"


tokens = LinkTokens()


def link(person: "User") -> str:
    """A fresh link for `person`, at the main address. Links made earlier stay good until somebody signs in."""
    # Not reverse(): commands make links too, and need not load every view for a path that docs tell people anyway.
    return f"{settings.ADDRESSES[0]}/sign-in/link/#{person.pk}.{tokens.make_token(person)}"


def parts(code: str) -> tuple[int, str]:
    """The person's id and the token in `code`, which may be a whole pasted link. Raises BadLink."""
    number, dot, token = code.strip().rpartition("#")[2].partition(".")
    if not (dot and number.isascii() and number.isdecimal() and len(number) < 19):
        raise BadLink
    return int(number), token
