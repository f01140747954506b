"""Receivers of signals: after a change to a person, the interface processes check that person's sockets again."""

from typing import Any

from proj.accounts.access import changed
from proj.accounts.models import User


def when_user_saved(instance: User, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    """Receive post_save: the password or `is_active` may have changed. Signing in saves only `last_login`."""
    if not created and update_fields != frozenset({"last_login"}):
        changed(instance.pk)


def when_signed_out(user: User | None, **_: Any) -> None:
    """Receive user_logged_out, which Django sends just before it deletes the session; the check waits a moment."""
    if user is not None:
        changed(user.pk)
