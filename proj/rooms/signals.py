"""Receivers of changes to rooms and members, also those by the admin's forms: sockets are checked for access again."""

from typing import Any

from proj.accounts.access import changed


def when_member_left(instance: Any, **_: Any) -> None:
    """Receive post_delete of a membership: that person lost access."""
    changed(instance.user_id)


def when_room_saved(instance: Any, created: bool, **_: Any) -> None:
    """Receive post_save of a room: it may have become members-only."""
    if not created and instance.for_members:
        changed()


def when_room_deleted(**_: Any) -> None:
    """Receive post_delete of a room: everybody lost access to it."""
    changed()
