"""Names of groups and channels. They are built from ids only, so that a room called `运维 1` has one too."""

CHAT = "chat"  # the named channel that the chat worker consumes
RUNS = "runs"  # the named channel that run workers consume

INTERFACES = "interfaces"  # the group of all interface processes


def room_group(room_id: int) -> str:
    """The group of all interface processes that have the room open."""
    return f"room.{room_id}"


def interface_group(process: str) -> str:
    """The group of one interface process: what is meant for one of its sockets goes there."""
    return f"interface.{process}"


def run_group(run_id: str) -> str:
    """The group of all interface processes that have the run open."""
    return f"run.{run_id}"


def service_group(uid: str) -> str:
    """The group of all interface processes that have the service open: it hears of each of its runs."""
    return f"service.{uid}"
