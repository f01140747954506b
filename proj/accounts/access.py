"""Messages to the interface processes that a person's access has changed: they check that person's sockets again."""

from proj.layer.messages import AccessChanged
from proj.layer.publish import publish

EVERYBODY = 0


def changed(user_id: int = EVERYBODY) -> None:
    """After the commit, have the sockets of one person checked, or of everybody."""
    publish(AccessChanged(user=user_id))
