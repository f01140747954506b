"""Tells the interface processes that what somebody may do has changed: they look at that person's sockets again."""

from typing import Any

from proj.layer.names import INTERFACES
from proj.layer.publish import publish

EVERYBODY = 0


def changed(user_id: int = EVERYBODY) -> None:
    """After the commit, have this person's sockets checked, or everybody's."""
    publish(INTERFACES, {"type": "access.changed", "user": user_id})


def when_saved(instance: Any, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    """A person was saved: the password or `is_active` may be another. Signing in saves only `last_login`."""
    if not created and update_fields != frozenset({"last_login"}):
        changed(instance.pk)


def when_signed_out(user: Any, **_: Any) -> None:
    """Somebody signed out. Sent just before the session goes; the mailbox gives that a moment."""
    if user is not None:
        changed(user.pk)
