"""Who may see or start a service has changed: tells of it, whoever changed it, the admin's forms included."""

from typing import Any

from proj.accounts.access import changed


def when_service_saved(created: bool, **_: Any) -> None:
    """A service may have been closed to others."""
    if not created:
        changed()


def when_people_changed(action: str, **_: Any) -> None:
    """Somebody is not on a service's list any more."""
    if action in ("post_remove", "post_clear"):
        changed()
