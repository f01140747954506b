"""Commands as another user of the host, by sudo: whether it lets them run, and how they are ended.

sudo never asks (`-n`), and gets the argument list as it is: no shell. A process of another user cannot be signalled
from here, so `kill` runs as that user too. proj/runs/catalog/sudoers.py writes the rules that allow exactly this.
"""

import shutil
import subprocess
from collections.abc import Sequence

SUDO_TIMEOUT_SECONDS = 10.0  # the rules may come from a directory service
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
MAX_COMPLAINT_LINES = 2


def program() -> str:
    """Return the path of sudo. Without one the usual path, whose absence is then the error."""
    return shutil.which("sudo", path=SYSTEM_PATH) or "/usr/bin/sudo"


def kill_program() -> str:
    """Return the path of kill, by which sudo's rules name it."""
    return shutil.which("kill", path=SYSTEM_PATH) or "/usr/bin/kill"


def prefix(user: str) -> list[str]:
    """Return the arguments in front of a command that runs as `user`."""
    return [program(), "-n", "-u", user, "--"]


def refusal(user: str, command: Sequence[str]) -> str:
    """Return the reason why sudo does not let the present user run `command` as `user`; "" when it does."""
    try:
        asked = subprocess.run(
            [program(), "-n", "-l", "-u", user, "--", *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SUDO_TIMEOUT_SECONDS,
            start_new_session=True,  # no terminal to ask at
            check=False,
        )
    except FileNotFoundError:
        return "sudo is not installed"
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if asked.returncode == 0:
        return ""
    lines = asked.stderr.decode(errors="replace").replace("sudo: ", "").splitlines()
    return "; ".join(lines[:MAX_COMPLAINT_LINES]) or "no rule of sudoers allows this command"


def kill(user: str, group: int) -> None:
    """KILL the processes of `user` in a process group, as far as sudo allows it."""
    try:
        subprocess.run(
            [*prefix(user), kill_program(), "-KILL", "--", f"-{group}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SUDO_TIMEOUT_SECONDS,
            start_new_session=True,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return  # as good as not allowed
