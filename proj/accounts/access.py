"""Messages to the interface processes that a person's access has changed: they check that person's sockets again."""

from typing import Any

from proj.layer.messages import AccessChanged
from proj.layer.publish import publish

EVERYBODY = 0


def changed(user_id: int = EVERYBODY) -> None:
    """After the commit, have the sockets of one person checked, or of everybody."""
    publish(AccessChanged(user=user_id))


def when_saved(instance: Any, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    """Receive post_save: the password or `is_active` may have changed. Signing in saves only `last_login`."""
    if not created and update_fields != frozenset({"last_login"}):
        changed(instance.pk)


def when_signed_out(user: Any, **_: Any) -> None:
    """Receive user_logged_out, which Django sends just before it deletes the session; the check waits a moment."""
    if user is not None:
        changed(user.pk)
