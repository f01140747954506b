"""`python -m deploy.roll start|roll|restart [NAME...]`: what supervisorctl does not do.

Start what should run without waiting for it; restart so that a program's other processes serve while one is away: the
next only when the last one serves. Programs of one priority do nothing for each other, and restart side by side.
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
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from deploy.serving import SETTLED, serves
from deploy.takeover import ROOT, pids, stat

PATIENCE = 60.0  # seconds until a restarted process must serve
RESTING = ("STOPPED", "EXITED", "FATAL", "BACKOFF")


@contextlib.contextmanager
def supervisor(root: Path) -> Iterator[Any]:
    """supervisord's own interface, over the socket that supervisorctl uses."""
    transport = SupervisorTransport(None, None, f"unix://{root}/var/run/supervisor.sock")
    with contextlib.closing(transport):
        yield xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor


def full(process: dict[str, Any]) -> str:
    group, name = str(process["group"]), str(process["name"])
    return name if group == name else f"{group}:{name}"


def chosen(processes: list[dict[str, Any]], patterns: list[str]) -> list[dict[str, Any]]:
    """The processes whose name or group's name is like one of the patterns (`worker-*`); all without a pattern."""

    def like(process: dict[str, Any], pattern: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for name in (full(process), process["name"], process["group"]))

    for pattern in patterns:
        if not any(like(process, pattern) for process in processes):
            sys.exit(f"signalbox: there is no program {pattern}")
    return [one for one in processes if not patterns or any(like(one, pattern) for pattern in patterns)]


def start(control: Any) -> None:
    """Start every program that should run and does not; one with `autostart=false` is left alone."""
    automatic = {(one["group"], one["name"]) for one in control.getAllConfigInfo() if one["autostart"]}
    for process in control.getAllProcessInfo():
        if (process["group"], process["name"]) in automatic and process["statename"] in RESTING:
            with contextlib.suppress(xmlrpc.client.Fault):  # it has just been started
                control.startProcess(full(process), False)


def restart(control: Any, root: Path, processes: list[dict[str, Any]]) -> None:
    """Restart these, in the order in which programs start."""
    priorities = {one["group"]: one["group_prio"] for one in control.getAllConfigInfo()}
    ordered = sorted(processes, key=lambda one: (priorities.get(one["group"], 0), one["group"], one["name"]))
    for _, peers in groupby(ordered, lambda one: priorities.get(one["group"], 0)):
        programs = [[full(one) for one in program] for _, program in groupby(peers, lambda one: one["group"])]
        with ThreadPoolExecutor(len(programs)) as side_by_side:
            list(side_by_side.map(partial(restart_in_turn, root), programs))


def restart_in_turn(root: Path, names: list[str]) -> None:
    """One after the other. Ends with a sentence at the first that does not serve again: its neighbours go on."""
    with supervisor(root) as control:
        for name in names:
            with contextlib.suppress(xmlrpc.client.Fault):  # it does not run
                control.stopProcess(name)
            with contextlib.suppress(xmlrpc.client.Fault):  # it has just been started
                control.startProcess(name, False)
            limit = time.monotonic() + PATIENCE
            while not serves(root, control.getProcessInfo(name)):
                if time.monotonic() > limit:
                    sys.exit(f"signalbox: {name} does not serve again; see: supervisorctl tail {name}")
                time.sleep(0.1)
            sys.stdout.write(f"{name}: restarted\n")


def roll(control: Any, root: Path) -> None:
    """New code and configuration everywhere, with nobody turned away: nginx and uwsgi reload, the others restart.
    Redis stays: it runs none of our code."""
    reloading = {"nginx": partial(reload_nginx, control), "web": partial(reload_web, root)}
    processes = [one for one in control.getAllProcessInfo() if one["group"] != "redis"]
    reloaded = [one for one in processes if one["group"] in reloading and one["statename"] == "RUNNING"]
    restart(control, root, [one for one in processes if one not in reloaded])
    for process in reloaded:
        reloading[process["group"]](process["pid"])
        sys.stdout.write(f"{full(process)}: reloaded\n")


def reload_nginx(control: Any, _: int) -> None:
    """Have nginx read its configuration anew."""
    control.signalProcess("nginx", "HUP")


def reload_web(root: Path, master: int) -> None:
    """Have uwsgi replace its workers one by one, and wait until it has."""
    before = set(children(master))
    (root / "var" / "run" / "web.reload").touch()
    limit = time.monotonic() + PATIENCE
    settled = 0.0
    last: set[int] = set()
    # The last new worker loads the application after the last old one has gone; uwsgi is deaf to another reload until
    # then.
    while settled < SETTLED:
        if time.monotonic() > limit:
            sys.exit("signalbox: web does not reload; see: supervisorctl tail web")
        time.sleep(0.1)
        now = set(children(master))
        settled = settled + 0.1 if now == last and len(now) >= len(before) and not now & before else 0.0
        last = now


def children(pid: int) -> list[int]:
    return [child for child in pids() if (fields := stat(child)) and int(fields[1]) == pid]


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy/restart", description="Restart programs one process at a time.")
    parser.add_argument("verb", choices=["start", "restart", "roll"])
    parser.add_argument("name", nargs="*", help="as supervisorctl status shows them; all when none is given")
    options = parser.parse_args()
    try:
        with supervisor(ROOT) as control:
            if options.verb == "start":
                start(control)
            elif options.verb == "roll":
                roll(control, ROOT)
            else:
                restart(control, ROOT, chosen(control.getAllProcessInfo(), options.name))
    except (OSError, xmlrpc.client.ProtocolError):
        sys.exit("signalbox: supervisord is not running; start it with ./deploy/up")


if __name__ == "__main__":
    main()
