"""Two interface processes and workers of Channels 1.x code, with the Redis of the tests and a database of their own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from redis import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from tests.conftest import wait_for
from tests.system.stack import CHECKOUT, SESSIONS

DAPHNE = ["-v", "0", "-b", "127.0.0.1", "--ping-interval", "20", "--websocket_timeout", "-1", "-p"]
FRAME_SECONDS = 20.0


class Channels1:
    """Real processes. `stop()` ends them."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sb-c1-"))
        self.environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{self.folder}/signalbox.sqlite3",
            "SIGNALBOX_CHANNEL_ROUTING": "tests.sockets.team.routing.channel_routing",
            "SIGNALBOX_CHANNEL_WAIT": "2",
            "TEAM_FOLDER": str(self.folder),
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports: list[int] = []
        (self.folder / "disconnects").touch()

    def start(self) -> None:
        self.manage("migrate", "--noinput", "-v0")
        for number in range(2):
            with socket.socket() as trial:
                trial.bind(("127.0.0.1", 0))
                self.ports.append(trial.getsockname()[1])
            command = ["-m", "consumers.interface", *DAPHNE, str(self.ports[number]), "proj.asgi:application"]
            self._run(f"interface_{number}", *command)
            self.start_worker(number)
        for port in self.ports:
            wait_for(lambda port=port: self._accepts(port), 30, f"port {port}")  # type: ignore[misc]

    def _accepts(self, port: int) -> bool:
        with socket.socket() as trial:
            return trial.connect_ex(("127.0.0.1", port)) == 0

    def start_worker(self, number: int, version: str = "1") -> None:
        name = f"channels_{number}"
        before = self.log(name).count("running Channels 1.x consumers")
        self._run(name, "manage.py", "runworker", TEAM_VERSION=version)
        wait_for(lambda: self.log(name).count("running Channels 1.x consumers") > before, 30, f"{name} to run")

    def _run(self, name: str, *command: str, **environment: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *command], cwd=CHECKOUT, env=self.environment | environment, stdout=log, stderr=log
            )

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
        living = sum(self.processes[f"interface_{number}"].poll() is None for number in range(2))
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
