"""The names of groups and channels. They are built from ids only, so that a room called `运维 1` has a group too."""

CHAT_CHANNEL = "chat"  # consumed by the chat worker
RUNS_CHANNEL = "runs"  # consumed by the run workers

INTERFACES_GROUP = "interfaces"  # all interface processes
TURNS_GROUP = "turns"  # the interface processes with a socket of Channels 1.x code

REPLY_PREFIX = "websocket.send."  # of a socket's name in Channels 1.x code: `websocket.send.<process>!<number>`


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


def reply_channel(process: str, socket: int) -> str:
    """Return the name of a socket in Channels 1.x code."""
    return f"{REPLY_PREFIX}{process}!{socket}"


def socket_of(reply_channel: str) -> tuple[str, int]:
    """Return the process and the number in a reply channel's name. Raise ValueError for any other name."""
    process, mark, number = reply_channel.removeprefix(REPLY_PREFIX).partition("!")
    if not mark or not reply_channel.startswith(REPLY_PREFIX):
        raise ValueError(f"not the name of a socket: {reply_channel!r}")
    return process, int(number)
