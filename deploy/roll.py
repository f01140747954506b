"""`python -m deploy.roll start|roll|restart [NAME...]`: starts and restarts that supervisorctl does not offer.

`start` starts all programs that should run, without waiting. A restart takes one process of a program at a time, and
the next only when the last one serves, so that the neighbours serve meanwhile. Programs of one `priority` do not depend
on each other and restart side by side.
"""

import argparse
import contextlib
import fnmatch
import sys
import time
import xmlrpc.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby
from pathlib import Path

import psutil

from deploy.serving import QUIET_START_SECONDS, serves
from deploy.takeover import ROOT
from proj.health.supervision import ProcessInfo, Supervisor, full_name, show_log

RESTART_TIMEOUT_SECONDS = 60.0  # until a restarted process must serve
NGINX_RELOAD_SECONDS = 3.0  # until new workers of nginx must be there
PROCESS_POLL_SECONDS = 0.1
TEAM_GROUP = "channels"  # the beginning of the names of programs that run a team's code
TEAM_FAULT_STATUS = 3  # everything was restarted, and programs of a team's code do not serve
RESTING = ("STOPPED", "EXITED", "FATAL", "BACKOFF")


def supervisor(root: Path) -> Supervisor:
    return Supervisor(root / "var" / "run" / "supervisor.sock")


def full(process: ProcessInfo) -> str:
    return full_name(process["group"], process["name"])


def chosen(processes: list[ProcessInfo], patterns: list[str]) -> list[ProcessInfo]:
    """Return the processes with a name or group like one of the patterns (`worker-*`); all without patterns."""

    def like(process: ProcessInfo, pattern: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for name in (full(process), process["name"], process["group"]))

    for pattern in patterns:
        if not any(like(process, pattern) for process in processes):
            sys.exit(f"signalbox: there is no program {pattern}")
    return [one for one in processes if not patterns or any(like(one, pattern) for pattern in patterns)]


def start(control: Supervisor) -> None:
    """Start every program that should run and does not. Programs with `autostart=false` stay as they are."""
    automatic = {(one["group"], one["name"]) for one in control.configured() if one["autostart"]}
    for process in control.processes():
        if (process["group"], process["name"]) in automatic and process["statename"] in RESTING:
            with contextlib.suppress(xmlrpc.client.Fault):  # it has just been started
                control.start(full(process))


def restart(control: Supervisor, root: Path, processes: list[ProcessInfo], *, nginx: bool = False) -> list[str]:
    """Restart these processes, in the order in which their programs start; `nginx`: reload nginx on the way.

    Return a sentence for each program of a team's code that does not serve again: its fault stops no other program.
    """
    waiting: list[str] = []
    priorities = {one["group"]: one["group_prio"] for one in control.configured()}
    ordered = sorted(processes, key=lambda one: (priorities.get(one["group"], 0), one["group"], one["name"]))
    for _, peers in groupby(ordered, lambda one: priorities.get(one["group"], 0)):
        programs = [[full(one) for one in program] for _, program in groupby(peers, lambda one: one["group"])]
        with ThreadPoolExecutor(len(programs)) as side_by_side:
            found = side_by_side.map(partial(restart_in_turn, root, nginx=nginx), programs)
            waiting += filter(None, found)
    return waiting


def restart_in_turn(root: Path, names: list[str], *, nginx: bool = False) -> str:
    """Restart one process after the other. End at the first that does not serve again: its neighbours go on.

    Exit then, or of a program of a team's code return the sentence.

    A reload of nginx cuts the sockets of its old workers after `worker_shutdown_timeout`, without a close code. So it
    comes when the first interface process is back: the sockets are on its neighbour then, which closes them at once
    with 1012, and they return through the new workers.
    """
    with supervisor(root) as control:
        for number, name in enumerate(names):
            if nginx and name.startswith("interface") and number == min(1, len(names) - 1):
                reload_nginx(control)
            with contextlib.suppress(xmlrpc.client.Fault):  # it does not run
                control.stop(name)
            # A worker that waits for the correction of a team's code writes the fault to this file.
            fault = root / "var" / "run" / f"{name.rpartition(':')[2]}.waits"
            fault.unlink(missing_ok=True)
            with contextlib.suppress(xmlrpc.client.Fault):  # it has just been started
                control.start(name)
            limit = time.monotonic() + RESTART_TIMEOUT_SECONDS
            while not serves(root, control.process(name)):
                if fault.exists() and (sentence := fault.read_text()):
                    return f"{name} waits: {sentence}"
                if time.monotonic() > limit:
                    sentence = f"{name} does not serve again; see: {show_log(name)}"
                    if name.startswith(TEAM_GROUP):
                        return sentence
                    sys.exit(f"signalbox: {sentence}")
                time.sleep(PROCESS_POLL_SECONDS)
            sys.stdout.write(f"{name}: restarted\n")
    return ""


def roll(control: Supervisor, root: Path) -> list[str]:
    """Bring new code and configuration everywhere and refuse no client: nginx and uwsgi reload, the others restart.

    Redis stays up: it runs none of our code. Return the sentences of restart()."""
    processes = [one for one in control.processes() if one["group"] != "redis"]
    reloaded = [one for one in processes if one["group"] in ("nginx", "web") and one["statename"] == "RUNNING"]
    pids = {one["group"]: one["pid"] for one in reloaded}
    waiting = restart(control, root, [one for one in processes if one not in reloaded], nginx="nginx" in pids)
    if "web" in pids:
        reload_web(root, pids["web"])
    for process in reloaded:
        sys.stdout.write(f"{full(process)}: reloaded\n")
    return waiting


def reload_nginx(control: Supervisor) -> None:
    """Have a running nginx read its configuration again, and wait until its new workers accept connections."""
    process = control.process("nginx")
    if process["statename"] != "RUNNING":
        return
    master = process["pid"]
    before = set(workers(master))
    control.signal("nginx", "HUP")
    limit = time.monotonic() + NGINX_RELOAD_SECONDS
    while set(workers(master)) <= before and time.monotonic() < limit:
        time.sleep(PROCESS_POLL_SECONDS)
    time.sleep(PROCESS_POLL_SECONDS)  # the old workers stop accepting just after the new ones have begun


def reload_web(root: Path, master: int) -> None:
    """Have uwsgi replace its workers one by one, and wait for the end of that."""
    before = set(workers(master))
    (root / "var" / "run" / "web.reload").touch()
    limit = time.monotonic() + RESTART_TIMEOUT_SECONDS
    unchanged_seconds = 0.0
    last: set[int] = set()
    # The last new worker loads the application after the end of the last old one; until then uwsgi ignores another
    # reload.
    while unchanged_seconds < QUIET_START_SECONDS:
        if time.monotonic() > limit:
            sys.exit(f"signalbox: web does not reload; see: {show_log('web')}")
        time.sleep(PROCESS_POLL_SECONDS)
        now = set(workers(master))
        replaced = now == last and len(now) >= len(before) and not now & before
        unchanged_seconds = unchanged_seconds + PROCESS_POLL_SECONDS if replaced else 0.0
        last = now


def workers(master: int) -> Iterator[int]:
    """Yield the pids of the children of a process; none without the process."""
    with contextlib.suppress(psutil.NoSuchProcess):
        yield from (child.pid for child in psutil.Process(master).children())


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy/restart", description="Restart programs one process at a time.")
    parser.add_argument("verb", choices=["start", "restart", "roll"])
    parser.add_argument("--reload-nginx", action="store_true", help="reload nginx too, while the interface restarts")
    parser.add_argument("name", nargs="*", help="a name from supervisorctl status, or a pattern; default: all")
    options = parser.parse_intermixed_args()
    waiting: list[str] = []
    try:
        with supervisor(ROOT) as control:
            if options.verb == "start":
                start(control)
            elif options.verb == "roll":
                waiting = roll(control, ROOT)
            else:
                waiting = restart(control, ROOT, chosen(control.processes(), options.name), nginx=options.reload_nginx)
    except (OSError, xmlrpc.client.ProtocolError):
        sys.exit("signalbox: supervisord is not running; start it with ./deploy/up")
    if waiting:
        sys.stderr.write("".join(f"signalbox: {sentence}\n" for sentence in waiting))
        sys.exit(TEAM_FAULT_STATUS)


if __name__ == "__main__":
    main()
