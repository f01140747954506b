"""Processes of a benchmark on this machine: started and stopped one by one, by pid; their logs are kept."""

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.client.clocks import family

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var" / "benchmarks"
# Variables of this process that must not reach the measured systems.
FOREIGN = ("SIGNALBOX_", "REDIS_URL", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "SUPERVISOR_")

NGINX = """\
{modules}
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid "{folder}/nginx.pid";
error_log stderr error;
events {{ worker_connections {connections}; multi_accept on; }}
http {{
    access_log off;
    client_body_temp_path "{folder}/body";
    proxy_temp_path "{folder}/proxy";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";
    upstream system {{ {servers} }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        {location}
    }}
}}
"""
PROXY = """\
location / {
            proxy_pass http://system;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_set_header Host $http_host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_read_timeout 75s;
            proxy_send_timeout 75s;
            proxy_buffering off;
        }"""


class Trouble(Exception):
    """Raised when a system does not start, or ends by itself."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is free at this moment."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float, name: str) -> None:
    """Wait for `condition`; raise Trouble when it is not true within `seconds`. The error calls it `name`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Trouble(f"timed out after {seconds:g} s: {name}")
        time.sleep(0.02)


def answers(address: Path | int) -> bool:
    """Return whether a process listens on this unix socket, or on this port of 127.0.0.1."""
    kind = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
    with socket.socket(kind) as trial:
        trial.settimeout(1.0)
        try:
            trial.connect(str(address) if isinstance(address, Path) else ("127.0.0.1", address))
        except OSError:
            return False
    return True


def clean_environment(**own: str) -> dict[str, str]:
    """Return the environment of a measured process: that of this process without FOREIGN, and `own`."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | own


@dataclass
class Program:
    """One process, and the command that starts it."""

    group: str
    command: Sequence[str | Path]
    folder: Path
    environment: Mapping[str, str]
    log: Path
    process: "subprocess.Popen[bytes]" = field(init=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in self.command],
                cwd=self.folder,
                env=clean_environment(**self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl+C then reaches the benchmark only
            )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


class Host:
    """The running processes of one system. A context manager: its exit stops all of them."""

    def __init__(self, name: str, port: int) -> None:
        self.folder = VAR / name
        self.port = port
        self.programs: list[Program] = []
        self._timers: list[threading.Timer] = []
        self.folder.mkdir(parents=True, exist_ok=True)

    def start(
        self,
        group: str,
        *command: str | Path,
        folder: Path = ROOT,
        environment: Mapping[str, str] | None = None,
    ) -> Program:
        """Start one process of a group, with its output in a log in this system's folder."""
        program = Program(group, command, folder, environment or {}, self.folder / f"{group}.log")
        program.start()
        self.programs.append(program)
        return program

    def listening(self, program: Program, address: Path | int, seconds: float = 30.0) -> None:
        """Wait until `program` listens on `address`. Raise Trouble when it ends, or does not listen in time."""
        wait_until(lambda: answers(address) or not program.alive, seconds, f"{program.group} listens")
        time.sleep(0.05)
        if not program.alive:
            raise Trouble(f"{program.group} has ended; see {program.log}")

    def redis(self) -> Path:
        """Start a redis with the settings of a channel layer; return the path of its socket."""
        path = self.folder / "redis.sock"
        path.unlink(missing_ok=True)
        server = shutil.which("redis-server") or shutil.which("valkey-server") or "redis-server"
        options = ("--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--maxclients", "15000")
        self.listening(self.start("redis", server, *options, folder=self.folder), path)
        return path

    def nginx(self, sockets: Sequence[Path] = (), *, location: str = PROXY, module: Path | None = None) -> None:
        """Start nginx with one worker in front of these sockets."""
        for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (self.folder / name).mkdir(exist_ok=True)
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        conf = self.folder / "nginx.conf"
        conf.write_text(
            NGINX.format(
                modules=f'load_module "{module}";' if module else "",
                user="user root;" if os.geteuid() == 0 else "",  # only root can read these folders
                files=files,
                connections=min(files - 100, 100_000),
                folder=self.folder,
                servers=" ".join(f'server "unix:{path}" max_fails=0;' for path in sockets) or "server 127.0.0.1:9;",
                port=self.port,
                location=location,
            )
        )
        if answers(self.port):
            raise Trouble(f"another process listens on port {self.port}")
        found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") or "nginx"
        program = self.start("nginx", found, "-p", self.folder, "-e", "stderr", "-c", conf, folder=self.folder)
        self.listening(program, self.port)

    def start_again(self, program: Program, seconds: float) -> None:
        """Start a killed process again after `seconds`, as a supervisor does."""

        def start() -> None:
            # A start script removes the socket of the killed process.
            for part in program.command:
                if isinstance(part, Path) and part.suffix == ".sock" and "interface" in part.name:
                    part.unlink(missing_ok=True)
            program.start()

        timer = threading.Timer(seconds, start)
        self._timers.append(timer)
        timer.start()

    def pids(self) -> dict[str, list[int]]:
        """Return the pids of running processes, by group."""
        found: dict[str, list[int]] = {}
        for program in self.programs:
            if program.alive:
                found.setdefault(program.group, []).append(program.process.pid)
        return found

    def died(self) -> list[str]:
        """Return the groups of the processes that have ended by themselves."""
        return [program.group for program in self.programs if not program.alive]

    def stop(self) -> None:
        """Send TERM to all, the youngest first, and after ten seconds KILL to those that live, with descendants."""
        for timer in self._timers:
            timer.cancel()
            timer.join()
        families = [list(family(program.process.pid)) for program in self.programs if program.alive]
        for program in reversed(self.programs):
            if program.alive:
                program.process.terminate()
        end = time.monotonic() + 10.0
        for program in self.programs:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.process.wait(max(0.1, end - time.monotonic()))
        left = {program.process.pid for program in self.programs if program.alive}
        for members in families:
            for pid in members:
                # Each program leads a session of its own, which proves that the pid is still of its family.
                if members[0] in left or _session(pid) == members[0]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        for program in self.programs:
            program.process.wait()
        self.programs.clear()

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0
