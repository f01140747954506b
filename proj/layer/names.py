"""The names of groups and channels. They are built from ids only, so that a room called `运维 1` has a group too."""

CHAT_CHANNEL = "chat"  # consumed by the chat worker
RUNS_CHANNEL = "runs"  # consumed by the run workers

INTERFACES_GROUP = "interfaces"  # all interface processes


def room_group(room_id: int) -> str:
    """Return the group of all interface processes that have the room open."""
    return f"room.{room_id}"


def interface_group(process: str) -> str:
    """Return the group of one interface process: messages to single sockets of it go there."""
    return f"interface.{process}"


def run_group(run_id: str) -> str:
    """Return the group of all interface processes that have the run open."""
    return f"run.{run_id}"


def service_group(uid: str) -> str:
    """Return the group of all interface processes that have the service open. It gets the states of all its runs."""
    return f"service.{uid}"
