"""Who may be in a room has changed: tells of it, whoever changed it, the admin's forms included."""

from typing import Any

from proj.accounts.access import changed


def when_member_left(instance: Any, **_: Any) -> None:
    """Somebody is no member any more."""
    changed(instance.user_id)


def when_room_saved(created: bool, **_: Any) -> None:
    """A room may have been closed to others."""
    if not created:
        changed()


def when_room_deleted(**_: Any) -> None:
    """A room is gone."""
    changed()
