"""The processes: what supervisord says of each program, what the workers say themselves, how many sockets fit."""

import asyncio
import http.client
import re
import socket
import time
import xmlrpc.client
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from proj.health.report import Seen, Walk, green, red, unseen, yellow

FRESH = 15  # seconds; workers beat every 5
FEW_SOCKETS = 1000
SPARE = 200  # descriptors of an interface process that are not sockets


class _UnixConnection(http.client.HTTPConnection):
    """HTTP to supervisord's control socket. Its own transport knows no timeout."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=5)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self.path)
        except OSError:
            self.sock.close()
            raise


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = str(path)

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _UnixConnection(self.path)
        self._connection = host, connection  # where the transport finds it to close it
        return connection


def processes() -> dict[str, dict[str, Any]]:
    """What supervisord knows of its processes, by the name that supervisorctl takes. Raises OSError when it is away."""
    with xmlrpc.client.ServerProxy("http://localhost", _UnixTransport(settings.RUN / "supervisor.sock")) as server:
        found: Any = server.supervisor.getAllProcessInfo()
    return {_full(info["group"], info["name"]): info for info in found}


def _full(group: str, name: str) -> str:
    return name if group == name else f"{group}:{name}"


def expected(conf: Path) -> dict[str, bool]:
    """The processes that a supervisord.conf promises, and whether each starts by itself."""
    parser = RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    parser.read(conf)
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
            found[_full(group, pattern % names)] = autostart
    return found


def programs_run(_: Walk) -> Iterator[Seen]:
    """Every program of supervisord.conf is running."""
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


def _program(name: str, info: dict[str, Any] | None, *, autostart: bool) -> Seen:
    if info is None:
        return red("supervisord does not know it", "Run: supervisorctl update", name)
    state, said = info["statename"], info["description"] or info["spawnerr"]
    if state == "RUNNING":
        return green(said, name)
    if state in ("STARTING", "STOPPING"):
        return unseen(f"{state}, not running yet", "Look again in some seconds.", name)
    if state == "STOPPED" and (not autostart or _replaced(name)):
        return green("stopped: another one takes its place", name)
    saw = f"{state}: {info['spawnerr'] or said}"
    verb = "start" if state in ("STOPPED", "EXITED", "FATAL") else "status"
    # a program whose errors go where its output goes has no log of its own for them
    log = "stderr" if info.get("stderr_logfile") else "stdout"
    return red(saw, f"Run: supervisorctl tail {name} {log}; then: supervisorctl {verb} {name}", name)


def _replaced(name: str) -> bool:
    """Whether the host's own Redis is used instead of the program."""
    ours = f"unix://{settings.RUN / 'redis.sock'}"
    return name == "redis" and ours != settings.REDIS_URL


def workers_beat(_: Walk) -> Iterator[Seen]:
    """Each named channel has a worker that said a moment ago that it is well."""
    from proj.asgi import application  # here, because it loads every consumer
    from proj.layer.heartbeat import beats

    now = time.time()
    found = asyncio.run(beats())
    for channel in sorted(application.application_mapping["channel"].application_mapping):
        mine = [beat for beat in found if beat.channel == channel]
        fresh = [beat for beat in mine if now - beat.at < FRESH]
        program = _program_of(channel)
        if not fresh:
            last = f"the last heartbeat is {now - max(beat.at for beat in mine):.0f} s old" if mine else "no heartbeat"
            advice = f"Run: supervisorctl tail {program}; then: supervisorctl restart {program}"
            yield red(f"{last}; nothing takes messages from this channel", advice, channel)
            continue
        pids = ", ".join(f"{beat.host}:{beat.pid}" for beat in fresh)
        aside = sum(beat.set_aside for beat in fresh)
        saw = f"{sum(beat.handled for beat in fresh)} done, {aside} set aside by {pids}"
        if aside:
            error = next((beat.last_error for beat in fresh if beat.last_error), "unknown")
            yield yellow(f"{saw}; last error: {error}", f"Run: supervisorctl tail {program}", channel)
        else:
            yield green(saw, channel)


def _program_of(channel: str) -> str:
    """The name, as supervisorctl takes it, of the first program that consumes this channel."""
    names = expected(settings.BASE_DIR / "supervisord.conf")
    return next((name for name in names if name.partition(":")[0] == f"worker-{channel}"), f"worker-{channel}")


def clock_leads(_: Walk) -> Iterator[Seen]:
    """Some clock does what must be done by itself: sweeps, schedules, retention."""
    from proj.runs.models import Lead  # here, because the settings may not be there

    lead = Lead.objects.filter(name="clock", until__gt=timezone.now()).first()
    if lead is None:
        yield red("no clock leads: nothing is started as scheduled", "Run: supervisorctl tail clock")
    else:
        yield green(f"{lead.holder} leads")


def sockets_fit(_: Walk) -> Iterator[Seen]:
    """How many browsers this host can hold: a socket costs nginx two descriptors and an interface process one."""
    try:
        running = {name: info["pid"] for name, info in processes().items() if info["statename"] == "RUNNING"}
        interfaces = [pid for name, pid in running.items() if name.startswith("interface")]
        if not interfaces:
            yield unseen("no interface process is running", "First mend the programs.")
            return
        held = sum(max(0, _descriptors(pid) - SPARE) for pid in interfaces)
        saw = f"interface processes hold {held:,}"
        if "nginx" in running:
            proxied = sum(_proxied(pid) for pid in _children(running["nginx"]))
            saw += f", nginx passes on {proxied:,}"
            held = min(held, proxied)
    except (FileNotFoundError, ProcessLookupError, PermissionError) as error:
        yield unseen(f"the limits of a process cannot be read: {error}", "Run this as root, or look again.")
        return
    saw = f"room for {held:,} sockets ({saw})"
    if held < FEW_SOCKETS:
        yield yellow(saw, "Raise the limit of open files (LimitNOFILE= or ulimit -n) to 65536, and worker_connections.")
    else:
        yield green(saw)


def _descriptors(pid: int) -> int:
    """The process's soft limit of open files."""
    line = re.search(r"^Max open files\s+(\S+)", Path(f"/proc/{pid}/limits").read_text(), re.MULTILINE)
    return int(line[1]) if line and line[1].isdecimal() else 1_000_000


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _proxied(pid: int) -> int:
    """How many sockets one nginx worker can pass on."""
    return min(_descriptors(pid), _worker_connections()) // 2


def _worker_connections() -> int:
    """From nginx's own configuration; its built-in default is 512."""
    texts = [path.read_text() for path in (settings.VAR / "nginx").glob("*.conf")]
    found = re.search(r"^\s*worker_connections\s+(\d+);", "\n".join(texts), re.MULTILINE)
    return int(found[1]) if found else 512
