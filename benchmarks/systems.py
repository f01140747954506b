"""The compared systems: preparation, start and version of each."""

import configparser
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import tools
from benchmarks.host import ROOT, VAR, Host, Trouble, clean_environment
from benchmarks.scenarios import PEOPLE

MAX_SOCKET_PATH_BYTES = 107  # Linux's limit for a unix socket's address


def checked(command: list[str], folder: Path, own: Mapping[str, str]) -> str:
    """Return the output of a command. Raise Trouble with the end of its errors when it fails."""
    done = subprocess.run(
        command, cwd=folder, env=clean_environment(**own), capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise Trouble(f"{' '.join(command)}: {done.stderr[-1000:]}")
    return done.stdout


def people(python: Path, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Create the people of a Django project; return their `Cookie` headers."""
    printed = checked([str(python), "-m", "benchmarks.people", str(PEOPLE)], folder, environment)
    found: list[str] = json.loads(printed.rpartition("cookies:")[2])
    return found


class System:
    """One system. `group` names its processes that hold the sockets."""

    name: str
    title: str
    group = "interface"

    def missing(self) -> str:
        """Return the reason why it cannot be measured here, or an empty string."""
        return ""

    def prepare(self, port: int) -> list[str]:
        """Prepare the system once; return the people's `Cookie` headers, none where people do not sign in."""
        return []

    def start(self, host: Host, scenario: Mapping[str, Any], interfaces: int) -> None:
        """Start it with empty stores, and with `interfaces` processes for sockets."""
        raise NotImplementedError

    def version(self) -> str:
        raise NotImplementedError


class Signalbox(System):
    """A copy of this checkout, with its programs started as supervisord starts them and every feature on."""

    name = "signalbox"
    title = "Signalbox"
    root = VAR / "signalbox" / "r"
    database = root / "var" / "signalbox.sqlite3"
    prepared = VAR / "signalbox" / "prepared.sqlite3"

    def prepare(self, port: int) -> list[str]:
        # A copy, so that a stack that runs in this checkout is neither measured nor disturbed.
        self._copy()
        for name in ("run", "log"):
            (self.root / "var" / name).mkdir(parents=True)
        self._socket(9)  # refuses a path that is too long
        checked([sys.executable, "-m", "deploy.configure"], self.root, {"SIGNALBOX_PORT": str(port)})
        python = self.root / ".venv" / "bin" / "python"
        checked([str(python), "manage.py", "migrate", "--skip-checks", "-v0"], self.root, {})
        cookies = people(python, self.root, {"DJANGO_SETTINGS_MODULE": "proj.settings"})
        shutil.copy2(
            self.database, self.prepared
        )  # complete: the last connection that closes a database writes its log into it
        return cookies

    def start(self, host: Host, scenario: Mapping[str, Any], interfaces: int) -> None:
        for file in self.database.parent.glob(f"{self.database.name}*"):
            file.unlink()
        shutil.copy2(self.prepared, self.database)
        # The rate limit of a person is lifted, except where the scenario measures it.
        settings = {} if scenario.get("limited") else {"SIGNALBOX_POST_RATE": "0"}
        if "routing" in scenario:
            settings["SIGNALBOX_CHANNEL_ROUTING"] = scenario["routing"]
        environment = {"PYTHONUNBUFFERED": "1", **settings}
        deploy = self.root / "deploy"
        redis = host.start("redis", deploy / "redis.sh", folder=self.root)
        host.listening(redis, self.root / "var" / "run" / "redis.sock")
        worker = host.start("worker", deploy / "worker.sh", "chat", folder=self.root, environment=environment)
        self._start_further(host, environment)
        programs = [
            host.start("interface", deploy / "asgi.sh", str(number), folder=self.root, environment=environment)
            for number in range(interfaces)
        ]
        for number, program in enumerate(programs):
            host.listening(program, self._socket(number))
        host.nginx([self._socket(number) for number in range(interfaces)])
        if not worker.alive:
            raise Trouble(f"the worker ended; see {worker.log}")

    def version(self) -> str:
        return tools.commit()

    def _start_further(self, host: Host, environment: Mapping[str, str]) -> None:
        """Start the programs that supervisord has by reason of settings: the workers of Channels 1.x code."""
        checked([sys.executable, "-m", "deploy.programs"], self.root, environment)
        programs = configparser.RawConfigParser()
        programs.read(self.root / "var" / "supervisor" / "programs.conf")
        for section in programs.values():
            for number in range(section.getint("numprocs", 0)):
                name = section["process_name"].replace("%(process_num)d", str(number))
                command = shlex.split(section["command"])
                own = {**environment, "SUPERVISOR_PROCESS_NAME": name}
                host.start("channels", *command, folder=self.root, environment=own)

    def _socket(self, number: int) -> Path:
        path = self.root / "var" / "run" / f"interface_{number}.sock"
        if len(os.fsencode(path)) > MAX_SOCKET_PATH_BYTES:
            raise Trouble(f"the path of this checkout is too long for unix sockets: {path}")
        return path

    def _copy(self) -> None:
        """Copy the files that git knows; share the Python environment."""
        shutil.rmtree(self.root, ignore_errors=True)
        listed = checked(["git", "ls-files", "-coz", "--exclude-standard"], ROOT, {})
        for name in filter(None, listed.split("\0")):
            source, target = ROOT / name, self.root / name
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        (self.root / ".venv").symlink_to((ROOT / ".venv").resolve())


class Stock(System):
    """The chat of the Channels tutorial on daphne and channels_redis. It stores nothing and acknowledges nothing."""

    name = "stock"
    title = "stock Channels"
    folder = VAR / "stock"

    def _environment(self) -> dict[str, str]:
        return {"DJANGO_SETTINGS_MODULE": "benchmarks.stock.settings", "BENCHMARK_FOLDER": str(self.folder)}

    def prepare(self, port: int) -> list[str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "stock.sqlite3").unlink(missing_ok=True)
        python = ROOT / ".venv" / "bin" / "python"
        checked([str(python), "-m", "django", "migrate", "--skip-checks", "-v0"], ROOT, self._environment())
        return people(python, ROOT, self._environment())

    def start(self, host: Host, scenario: Mapping[str, Any], interfaces: int) -> None:
        host.redis()
        sockets = [host.folder / f"interface_{number}.sock" for number in range(interfaces)]
        daphne = ROOT / ".venv" / "bin" / "daphne"
        for path in sockets:
            path.unlink(missing_ok=True)
            program = host.start(
                "interface",
                *(daphne, "-v", "0", "-u", path, "benchmarks.stock.asgi:application"),
                environment=self._environment() | {"PYTHONPATH": str(ROOT)},
            )
            host.listening(program, path)
        host.nginx(sockets)

    def version(self) -> str:
        packages = ("channels", "daphne", "channels-redis", "redis", "django")
        return ", ".join(f"{name} {version(name)}" for name in packages)


class SocketIO(System):
    """socket.io with its Redis adapter. It stores nothing and acknowledges nothing."""

    name = "socketio"
    title = "socket.io"

    def missing(self) -> str:
        return tools.node_packages()

    def start(self, host: Host, scenario: Mapping[str, Any], interfaces: int) -> None:
        redis = host.redis()
        sockets = [host.folder / f"interface_{number}.sock" for number in range(interfaces)]
        for path in sockets:
            path.unlink(missing_ok=True)
            program = host.start(
                "interface",
                *("node", tools.NODE / "server.js", path, redis),
                folder=tools.NODE,
                environment={"NODE_ENV": "production"},
            )
            host.listening(program, path)
        host.nginx(sockets)

    def version(self) -> str:
        packages = json.loads((tools.NODE / "package.json").read_text())["dependencies"]
        node = checked(["node", "--version"], ROOT, {}).strip()
        return ", ".join([f"node {node}", *(f"{name} {number}" for name, number in packages.items())])


class Nchan(System):
    """The nginx module, with its channels in its own memory and its default settings."""

    name = "nchan"
    title = "nchan"
    group = "nginx"

    def missing(self) -> str:
        return "" if tools.nchan() else "the nginx module nchan is not installed"

    def start(self, host: Host, scenario: Mapping[str, Any], interfaces: int) -> None:
        host.nginx(
            location="location ~ ^/pubsub/(.+)$ { nchan_pubsub websocket; nchan_channel_id $1; "
            "nchan_message_timeout 5s; nchan_message_buffer_length 200; nchan_subscriber_first_message newest; }",
            module=tools.nchan(),
        )

    def version(self) -> str:
        return str(tools.nchan())


SYSTEMS: dict[str, System] = {system.name: system for system in (Signalbox(), Stock(), SocketIO(), Nchan())}
