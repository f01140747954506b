"""Whether a process that was just started serves, by what it says itself: its socket, its heartbeat, the lead."""

import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

SETTLED = 3.0  # seconds that a process which says nothing must have lived
PATIENCE = 2.0  # seconds that Redis may take to answer


def serves(root: Path, info: Mapping[str, Any]) -> bool:
    """`info` is what supervisord says of the process."""
    if info["statename"] not in ("STARTING", "RUNNING"):
        return False
    group = str(info["group"])
    if group in ("interface", "web", "redis"):
        return accepts(root / "var" / "run" / f"{info['name']}.sock")
    settled = bool(info["now"] - info["start"] >= SETTLED)
    try:
        if group.startswith("worker-"):
            return beats(info["pid"])
        if group == "clock":
            return leads(info["pid"], settled=settled)
    except Exception:  # what would know is away; that must not keep new code from coming in
        return settled
    return settled


def accepts(path: Path) -> bool:
    """Whether something listens on this unix socket."""
    with socket.socket(socket.AF_UNIX) as trial:
        try:
            trial.connect(str(path))
        except OSError:
            return False
    return True


def beats(pid: int) -> bool:
    """Whether this worker of this host has said that it is there. Raises what Redis' absence raises."""
    _set_up()
    from proj.layer import heartbeat, loop

    found = loop.run(heartbeat.beats(), PATIENCE)
    return any((beat.host, beat.pid) == (socket.gethostname(), pid) for beat in found)


def leads(pid: int, *, settled: bool) -> bool:
    """Whether this clock leads; or, once it has `settled`, that of another host. Raises database errors."""
    _set_up()
    from django.conf import settings
    from django.db import connections
    from django.utils import timezone

    from proj.runs.models import Lead

    try:
        lead = Lead.objects.filter(name="clock", until__gt=timezone.now()).first()
    finally:
        connections.close_all()
    if lead is None:
        return False
    host = lead.holder.rpartition(":")[0]
    return lead.holder == f"{settings.HOST}:{pid}" or (settled and host != settings.HOST)


@cache
def _set_up() -> None:
    """Load the project, only where it is asked: most of what deploy/ does needs none of it."""
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
    django.setup()
