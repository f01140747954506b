"""Two interface processes and workers of Channels 1.x code, with the Redis of the tests and a database of their own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from redis import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from proj.metrics import storage
from proj.metrics.prometheus_internals import summed
from tests.conftest import wait_for
from tests.system.stack import CHECKOUT, SESSIONS

DAPHNE = ["-v", "0", "-b", "127.0.0.1", "--websocket_timeout", "-1"]
PINGS = ("--ping-interval", "20")
FRAME_SECONDS = 20.0
# What the processes write stays in the folder of the test.
SETTINGS_FILE = """
from pathlib import Path
from proj.settings import *
RUN = Path({folder!r})
METRICS_FOLDER = RUN / "metrics"
"""


class Channels1:
    """Real processes, with further `settings` in their environment. `stop()` ends them."""

    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sb-c1-"))
        self.environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{self.folder}/signalbox.sqlite3",
            "SIGNALBOX_CHANNEL_ROUTING": "tests.sockets.team.routing.channel_routing",
            "SIGNALBOX_CHANNEL_WAIT": "2",
            "TEAM_FOLDER": str(self.folder),
            "DJANGO_SETTINGS_MODULE": "channels1_settings",
            "PYTHONPATH": str(self.folder),
            **settings,
        }
        (self.folder / "channels1_settings.py").write_text(SETTINGS_FILE.format(folder=str(self.folder)))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports: list[int] = []
        (self.folder / "disconnects").touch()

    def start(self) -> None:
        self.manage("migrate", "--noinput", "-v0")
        for number in range(2):
            self.start_interface()
            self.start_worker(number)
        self.wait_for_interfaces()

    def start_interface(self, *pings: str, **settings: str) -> int:
        """Start another interface process, and return its number. It listens after wait_for_interfaces()."""
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", 0))
            port = trial.getsockname()[1]
        self.ports.append(port)
        number = len(self.ports) - 1
        options = [*DAPHNE, *(pings or PINGS), "-p", str(port)]
        self._run(f"interface_{number}", "-m", "consumers.interface", *options, "proj.asgi:application", **settings)
        return number

    def wait_for_interfaces(self) -> None:
        for number, port in enumerate(self.ports):
            if self.processes[f"interface_{number}"].poll() is None:
                wait_for(lambda port=port: self._accepts(port), 30, f"port {port}")  # type: ignore[misc]

    def _accepts(self, port: int) -> bool:
        with socket.socket() as trial:
            return trial.connect_ex(("127.0.0.1", port)) == 0

    def start_worker(self, number: int, version: str = "1") -> None:
        self.start_workers({number: version})

    def start_workers(self, versions: Mapping[int, str]) -> None:
        """Start workers at the same time, and wait until they run. `versions`: of the code, by number."""
        before = {}
        for number, version in versions.items():
            name = f"channels_{number}"
            before[name] = self.log(name).count("running Channels 1.x consumers")
            self._run(name, "manage.py", "runworker", TEAM_VERSION=version)
        for name, count in before.items():
            wait_for(
                lambda name=name, count=count: self.log(name).count("running Channels 1.x consumers") > count,  # type: ignore[misc]
                *(30, f"{name} to run"),
            )

    def _run(self, name: str, *command: str, **environment: str) -> None:
        named = self.environment | environment | {"SUPERVISOR_PROCESS_NAME": name}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *command], cwd=CHECKOUT, env=named, stdout=log, stderr=log
            )

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric of all processes."""
        found = [sample for metric in summed(storage.files(self.folder / "metrics")) for sample in metric.samples]
        return sum(one.value for one in found if one.name == name and labels.items() <= one.labels.items())

    def log(self, name: str) -> str:
        file = self.folder / f"{name}.log"
        return file.read_text() if file.exists() else ""

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=CHECKOUT, env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def cookie(self, name: str) -> str:
        out = self.manage("shell", "-c", SESSIONS % f'["{name}"]')
        return out.partition("cookies:")[2].split('": "')[1].split('"')[0]

    def end(self, name: str, signal_number: int = signal.SIGTERM) -> int:
        self.processes[name].send_signal(signal_number)
        return self.processes[name].wait(25)

    def ensure_workers(self) -> None:
        """Start the workers that a test has ended."""
        for number in range(2):
            if self.processes[f"channels_{number}"].poll() is not None:
                self.start_worker(number)

    def expire_dead_interfaces(self) -> None:
        """Drop all signs of life, and wait until the living processes have given new ones."""
        redis = Redis.from_url(self.environment["REDIS_URL"])
        for key in redis.keys("signalbox:turns-alive:*"):
            redis.delete(key)
        living = sum(self.processes[f"interface_{number}"].poll() is None for number in range(len(self.ports)))
        wait_for(lambda: len(redis.keys("signalbox:turns-alive:*")) == living, 20, "signs of life")

    def stop(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            process.wait(25)

    def open(self, path: str, interface: int = 0, cookie: str = "", origin: str | None = None) -> connect:
        headers = {"Cookie": cookie} if cookie else {}
        return connect(
            f"ws://127.0.0.1:{self.ports[interface]}{path}",
            additional_headers=headers,
            origin=Origin(origin) if origin else None,
            proxy=None,
        )

    def disconnects(self, path: str) -> list[str]:
        """The codes of the disconnects that the code got for sockets with this path."""
        lines = (self.folder / "disconnects").read_text().splitlines()
        return [line.rpartition(" ")[2] for line in lines if line.rpartition(" ")[0] == path]


async def frame(socket: ClientConnection) -> str:
    return str(await asyncio.wait_for(socket.recv(), FRAME_SECONDS))


async def frames(socket: ClientConnection, count: int) -> list[str]:
    return [await frame(socket) for _ in range(count)]
