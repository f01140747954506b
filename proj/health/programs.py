"""The processes: their states in supervisord, the heartbeats of the workers, and the number of sockets that fit."""

import asyncio
import re
import shlex
import time
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path

import psutil
from django.conf import settings
from django.utils import timezone

from proj.health.report import Observation, Walk, green, red, unseen, yellow
from proj.health.supervision import ProcessInfo, Supervisor, full_name, show_log
from proj.layer.heartbeat import beats
from proj.runs.models import Lead

MAX_HEARTBEAT_AGE_SECONDS = 15  # a worker sends one every 5 s
SUPERVISOR_TIMEOUT_SECONDS = 5
MIN_SOCKETS = 1000
SPARE_DESCRIPTORS = 200  # open files of an interface process that are not sockets of browsers
UNLIMITED_DESCRIPTORS = 1_000_000
DEFAULT_WORKER_CONNECTIONS = 512  # of nginx


def processes() -> dict[str, ProcessInfo]:
    """Return supervisord's processes by the name that supervisorctl takes. Raise OSError without supervisord."""
    with Supervisor(settings.RUN / "supervisor.sock", SUPERVISOR_TIMEOUT_SECONDS) as supervisor:
        return {full_name(info["group"], info["name"]): info for info in supervisor.processes()}


def expected(conf: Path) -> dict[str, bool]:
    """Return the processes that a supervisord.conf lists, and whether each starts by itself."""
    parser = _parsed(conf)
    groups = {
        program.strip(): section.partition(":")[2]
        for section in parser.sections()
        if section.startswith("group:")
        for program in parser.get(section, "programs").split(",")
    }
    found = {}
    for section in parser.sections():
        kind, _, program = section.partition(":")
        if kind not in ("program", "fcgi-program", "eventlistener"):
            continue
        pattern = parser.get(section, "process_name", fallback="%(program_name)s")
        first = parser.getint(section, "numprocs_start", fallback=0)
        for number in range(first, first + parser.getint(section, "numprocs", fallback=1)):
            group = groups.get(program, program)
            names = {"program_name": program, "process_num": number, "group_name": group}
            autostart = parser.get(section, "autostart", fallback="true").lower() in ("true", "1", "yes", "on")
            found[full_name(group, pattern % names)] = autostart
    return found


def consumers(conf: Path) -> dict[str, str]:
    """Return the name that supervisorctl takes for all workers of a channel, for each channel of the file's workers.

    With several processes that is `worker-runs:*`: supervisorctl knows no process called `worker-runs`.
    """
    parser = _parsed(conf)
    found: dict[str, str] = {}
    for name in expected(conf):
        group, several, _ = name.partition(":")
        section = f"program:{group}"
        if section.startswith("program:worker-"):
            for channel in shlex.split(parser.get(section, "command"))[1:]:
                found.setdefault(channel, f"{group}:*" if several else name)
    return found


def _parsed(conf: Path) -> RawConfigParser:
    parser = RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    parser.read([conf, *sorted((conf.parent / "var" / "supervisor").glob("*.conf"))])
    return parser


def programs_run(_: Walk) -> Iterator[Observation]:
    """Check that every program of supervisord.conf is running."""
    try:
        running = processes()
    except PermissionError:
        yield unseen("supervisord belongs to another user", f"Run this as {settings.VAR.owner()}, or as root.")
        return
    except OSError as error:
        yield red(f"supervisord does not answer: {error.strerror or error}", "Run: ./deploy/up")
        return
    for name, autostart in expected(settings.BASE_DIR / "supervisord.conf").items():
        yield _program(name, running.get(name), autostart=autostart)


def _program(name: str, info: ProcessInfo | None, *, autostart: bool) -> Observation:
    if info is None:
        return red("supervisord does not know it", "Run: supervisorctl update", name)
    state, description = info["statename"], info["description"] or info["spawnerr"]
    if state == "RUNNING":
        return green(description, name)
    if state in ("STARTING", "STOPPING"):
        return unseen(f"{state}, not running yet", "Run the doctor again in some seconds.", name)
    if state == "STOPPED" and (not autostart or _replaced(name)):
        return green("stopped: this installation does not need it", name)
    verb = "start" if state in ("STOPPED", "EXITED", "FATAL") else "status"
    advice = f"Run: {show_log(name)}; then: supervisorctl {verb} {name}"
    return red(f"{state}: {info['spawnerr'] or description}", advice, name)


def _replaced(name: str) -> bool:
    """Return whether the host's own Redis takes the place of the program."""
    ours = f"unix://{settings.RUN / 'redis.sock'}"
    return name == "redis" and ours != settings.REDIS_URL


def workers_beat(_: Walk) -> Iterator[Observation]:
    """Check that each named channel has a worker with a recent heartbeat."""
    now = time.time()
    found = asyncio.run(beats())
    for channel, program in sorted(consumers(settings.BASE_DIR / "supervisord.conf").items()):
        mine = [beat for beat in found if beat.channel == channel]
        fresh = [beat for beat in mine if now - beat.at < MAX_HEARTBEAT_AGE_SECONDS]
        if not fresh:
            last = f"the last heartbeat is {now - max(beat.at for beat in mine):.0f} s old" if mine else "no heartbeat"
            advice = f"Run: {show_log(program)}; then: supervisorctl restart {program}"
            yield red(f"{last}; nothing takes messages from this channel", advice, channel)
            continue
        pids = ", ".join(f"{beat.host}:{beat.pid}" for beat in fresh)
        aside = sum(beat.set_aside for beat in fresh)
        saw = f"{sum(beat.handled for beat in fresh)} done, {aside} set aside by {pids}"
        if aside:
            error = next((beat.last_error for beat in fresh if beat.last_error), "unknown")
            yield yellow(f"{saw}; last error: {error}", f"Run: {show_log(program)}", channel)
        else:
            yield green(saw, channel)


def clock_leads(_: Walk) -> Iterator[Observation]:
    """Check that a clock leads: sweeps, schedules and retention need one."""
    lead = Lead.objects.filter(name="clock", until__gt=timezone.now()).first()
    if lead is None:
        yield red("no clock leads: nothing is started as scheduled", f"Run: {show_log('clock')}")
    else:
        yield green(f"{lead.holder} leads")


def sockets_fit(_: Walk) -> Iterator[Observation]:
    """Count the browsers that fit: a socket costs nginx two descriptors and an interface process one."""
    try:
        running = {name: info["pid"] for name, info in processes().items() if info["statename"] == "RUNNING"}
        interfaces = [pid for name, pid in running.items() if name.startswith("interface")]
        if not interfaces:
            yield unseen("no interface process is running", "First mend the programs.")
            return
        held = sum(max(0, _max_descriptors(psutil.Process(pid)) - SPARE_DESCRIPTORS) for pid in interfaces)
        saw = f"interface processes hold {held:,}"
        if "nginx" in running:
            proxied = sum(_max_proxied(worker) for worker in psutil.Process(running["nginx"]).children())
            saw += f", nginx passes on {proxied:,}"
            held = min(held, proxied)
    except (OSError, psutil.Error) as error:
        yield unseen(f"could not read the limits of a process: {error}", "Run this as root, or run it again.")
        return
    saw = f"room for {held:,} sockets ({saw})"
    if held < MIN_SOCKETS:
        yield yellow(saw, "Raise the limit of open files (LimitNOFILE= or ulimit -n) to 65536, and worker_connections.")
    else:
        yield green(saw)


def _max_descriptors(process: psutil.Process) -> int:
    """Return the process's soft limit of open files."""
    soft: int = process.rlimit(psutil.RLIMIT_NOFILE)[0]
    return UNLIMITED_DESCRIPTORS if soft == psutil.RLIM_INFINITY else soft


def _max_proxied(worker: psutil.Process) -> int:
    """Return the number of sockets that one nginx worker can pass on."""
    return min(_max_descriptors(worker), _worker_connections()) // 2


def _worker_connections() -> int:
    """Return the limit in nginx's own configuration."""
    texts = [path.read_text() for path in (settings.VAR / "nginx").glob("*.conf")]
    found = re.search(r"^\s*worker_connections\s+(\d+);", "\n".join(texts), re.MULTILINE)
    return int(found[1]) if found else DEFAULT_WORKER_CONNECTIONS
