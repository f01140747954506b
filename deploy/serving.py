"""The check whether a restarted process serves: by its socket, by its heartbeat, or by the clock's lead."""

import socket
from functools import cache
from pathlib import Path

from proj.health.supervision import ProcessInfo

QUIET_START_SECONDS = 3.0  # a process without a sign of its own counts as serving when it has lived this long
HEARTBEAT_TIMEOUT_SECONDS = 2.0


def serves(root: Path, info: ProcessInfo) -> bool:
    """Return whether the process that supervisord describes in `info` serves."""
    if info["statename"] not in ("STARTING", "RUNNING"):
        return False
    group = info["group"]
    if group in ("interface", "web", "redis"):
        return accepts(root / "var" / "run" / f"{info['name']}.sock")
    lived = info["now"] - info["start"] >= QUIET_START_SECONDS
    try:
        if group.startswith(("worker-", "channels")):
            return beats(info["pid"])
        if group == "clock":
            return leads(info["pid"], lived=lived)
    except Exception:  # Redis or the database is away; that must not keep new code from starting
        return lived
    return lived


def accepts(path: Path) -> bool:
    """Return whether a process listens on this unix socket."""
    with socket.socket(socket.AF_UNIX) as trial:
        try:
            trial.connect(str(path))
        except OSError:
            return False
    return True


def beats(pid: int) -> bool:
    """Return whether this worker of this host has sent a heartbeat. Raise the layer's errors when Redis is away."""
    _set_up()
    from proj.layer import heartbeat, loop

    found = loop.run(heartbeat.beats(), HEARTBEAT_TIMEOUT_SECONDS)
    return any((beat.host, beat.pid) == (socket.gethostname(), pid) for beat in found)


def leads(pid: int, *, lived: bool) -> bool:
    """Return whether this clock leads, or, once it has `lived`, the clock of another host. Raise database errors."""
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
    return lead.holder == f"{settings.HOST}:{pid}" or (lived and host != settings.HOST)


@cache
def _set_up() -> None:
    """Load the project on the first use: most of deploy/ needs none of it."""
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
    inherited = os.environ.get("SIGNALBOX_ROLE")
    os.environ["SIGNALBOX_ROLE"] = inherited or "setup"  # without a team's Channels 1.x code
    django.setup()
    if inherited is None:  # processes that this one starts have a role of their own, or none
        del os.environ["SIGNALBOX_ROLE"]
