"""Services that run as another user: whether sudo lets the workers run and end them."""

import getpass
from collections.abc import Iterator
from pathlib import Path

from proj.health.programs import processes
from proj.health.report import Observation, Walk, green, red
from proj.runs.catalog import parameters
from proj.runs.models import Service
from proj.runs.refusals import BadParameter
from proj.runs.running import sudo

RULES = "Run, as the user of the workers: manage.py services --sudoers; put its output into /etc/sudoers.d/signalbox"
UNIT = "Take NoNewPrivileges=true out of the systemd unit, and restart it"
ANY_GROUP = "-2147483646"  # in the place of a process group, to ask for the rule of kill; nothing is killed


def services_switch_user(_: Walk) -> Iterator[Observation]:
    """Ask sudo about each service with run_as. Nothing is run."""
    services = list(Service.objects.filter(enabled=True).exclude(run_as=""))
    if services and _workers_cannot():
        yield red("the workers may gain no privileges, so sudo does not work for them", UNIT)
        return
    for service in services:
        yield _asked(service)


def _asked(service: Service) -> Observation:
    """Return whether sudo lets the present user run the service's command with its defaults, and end it."""
    user = service.run_as
    kill = [sudo.kill_program(), "-TERM", "--", ANY_GROUP]
    for command in (_with_defaults(service), kill):
        if command and (why := sudo.refusal(user, command)):
            saw = f"sudo does not let {getpass.getuser()} run {command[0]} as {user}: {why}"
            return red(saw, RULES, service.uid)
    return green(f"runs as {user}", service.uid)


def _with_defaults(service: Service) -> list[str]:
    """Return the service's command, or an empty list when a value is needed that only a person can give."""
    described = service.parameters_described()
    try:
        return parameters.arguments(service.command, described, parameters.checked(described, {}))
    except BadParameter:
        return []


def _workers_cannot() -> bool:
    """Return whether a run worker has the flag "no new privileges", which makes sudo useless."""
    try:
        workers = [info["pid"] for name, info in processes().items() if name.startswith("worker-runs") and info["pid"]]
        return any("NoNewPrivs:\t1" in Path(f"/proc/{pid}/status").read_text() for pid in workers)
    except OSError:
        return False  # the steps of the programs say so
