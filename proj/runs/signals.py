"""Signal receivers: a service that is saved, or loses people from its lists, may close open sockets."""

from typing import Any

from proj.accounts.access import changed


def when_service_saved(created: bool, **_: Any) -> None:
    """Receive post_save: the service may have been closed to people."""
    if not created:
        changed()


def when_service_deleted(**_: Any) -> None:
    """Receive post_delete: nobody sees the service any more."""
    changed()


def when_people_changed(action: str, **_: Any) -> None:
    """Receive m2m_changed: a person may not be on a service's list any more."""
    if action in ("post_remove", "post_clear"):
        changed()
