"""The whole stack for tests: a copy of this checkout, brought up by its own ./deploy/up, with real processes.

stack = Stack({"SIGNALBOX_POST_RATE": "0"})
stack.start()
cookie = stack.sign_in("alice")
...
stack.stop()
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import xmlrpc.client
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy import configure, takeover

CHECKOUT = Path(__file__).resolve().parent.parent.parent
# What a test run sets for its own process must not reach the stack, which has settings of its own.
FOREIGN = ("SIGNALBOX_", "REDIS_URL", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "SUPERVISOR_", "PYTEST_")

SESSIONS = """
import json, sys
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from importlib import import_module
People = get_user_model()
engine = import_module(settings.SESSION_ENGINE)
cookies = {}
for name in json.loads(%r):
    person = People.objects.filter(username=name).first() or People.objects.create_user(name)
    session = engine.SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    cookies[name] = f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
print("cookies:" + json.dumps(cookies))
"""


class Port:
    """A TCP port of one's own until close(): servers, which set SO_REUSEADDR, may listen on it, and nobody is given it.

    A port that was only free a moment ago is given to others, while a server starts or is away.
    """

    def __init__(self) -> None:
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", 0))
        self.number = int(self._place.getsockname()[1])

    def close(self) -> None:
        """Whoever asks may be given it."""
        self._place.close()


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until `condition()` is true; AssertionError when it is not within `seconds`."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"waited {seconds} s in vain until {what}"
        time.sleep(0.05)


class Stack:
    """One stack in a temporary folder: `settings` go to its var/signalbox.env, on top of what deploy/up writes.

    `environment` is added to what ./deploy/up and manage.py see. A folder with a space shows that paths are quoted.
    """

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        folder: str = "r",
    ) -> None:
        self._temporary = Path(tempfile.mkdtemp(prefix="sb-", dir="/tmp"))  # sockets need short names
        self.root = self._temporary / folder
        self._port = Port()
        self.port = self._port.number
        self.url = f"http://127.0.0.1:{self.port}"
        self._extra = dict(settings or {})
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        self.environment = kept | dict(environment or {})
        self.output = ""  # what ./deploy/up printed last
        self._cookies: dict[str, str] = {}
        self._copy()

    # Its life

    def start(self) -> None:
        """Bring it up, or up again after a kill or an upgrade. AssertionError with what it printed when that fails."""
        done = self.run("./deploy/up", SIGNALBOX_PORT=str(self.port))
        self.output = done.stdout + done.stderr
        assert done.returncode == 0, f"./deploy/up ended with {done.returncode}:\n{self.output}\n{self.logs()}"

    def stop(self) -> None:
        """Stop it, end whatever is left of it, and remove its folder."""
        done = self.run("./deploy/down")
        left = self.processes()
        takeover.end(left, 2.0)
        self._port.close()
        shutil.rmtree(self._temporary, ignore_errors=True)
        assert done.returncode == 0, f"./deploy/down ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        assert not left, f"./deploy/down left processes behind: {left}"

    def wait_green(self, seconds: float = 60.0) -> None:
        """Wait until `manage.py doctor` finds nothing wrong."""
        done = self.run(".venv/bin/python", "manage.py", "doctor", "--wait", f"{seconds:g}", timeout=seconds + 60)
        assert done.returncode == 0, f"the doctor is not green:\n{done.stdout}{done.stderr}\n{self.logs()}"

    # What an operator does

    def run(self, *command: str, timeout: float = 300.0, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in its root, with its environment."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment | environment,
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )

    def manage(self, *arguments: str) -> str:
        """What `manage.py ...` printed. AssertionError when it fails."""
        done = self.run(".venv/bin/python", "manage.py", *arguments)
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def supervisorctl(self, *arguments: str) -> str:
        """What `supervisorctl ...` printed, whatever its exit status."""
        done = self.run(".venv/bin/supervisorctl", *arguments)
        return done.stdout + done.stderr

    def restart(self, group: str) -> None:
        """As `supervisorctl restart GROUP:*`, without the ten seconds in which that sees whether they stay."""
        with self._supervisor() as supervisor:
            supervisor.stopProcessGroup(group)
            supervisor.startProcessGroup(group, False)

    # Its database: read beside the stack, because a manage.py costs a second of it

    def select(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """The rows that a SELECT finds, by column."""
        with contextlib.closing(sqlite3.connect(self.root / "var" / "signalbox.sqlite3", timeout=20)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(sql, values)]

    # Its processes

    def programs(self) -> dict[str, dict[str, Any]]:
        """What supervisord says of each process (`statename`, `pid`, `start`, ...), by name: web, interface_0, ..."""
        with self._supervisor() as supervisor:
            answer: Any = supervisor.getAllProcessInfo()
        return {entry["name"]: entry for entry in answer}

    @contextlib.contextmanager
    def _supervisor(self) -> Iterator[Any]:
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, f"unix://{self.root}/var/run/supervisor.sock")
        with contextlib.closing(transport):
            yield xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor

    def pids(self) -> dict[str, int]:
        """The pid of each process by name; 0 when it does not run."""
        return {name: entry["pid"] for name, entry in self.programs().items()}

    def pid(self, program: str) -> int:
        """The pid of one process, of `supervisord` too; 0 when it does not run."""
        if program == "supervisord":
            return takeover.supervisor(self.root)
        return self.pids()[program]

    def kill9(self, program: str) -> int:
        """Kill one process with -9 and return the pid that it had."""
        pid = self.pid(program)
        assert pid, f"{program} does not run"
        os.kill(pid, signal.SIGKILL)
        return pid

    def processes(self) -> list[takeover.Process]:
        """Every process that works in this stack's folder."""
        found = []
        for pid in takeover.pids():
            process = takeover.Process.of(pid)
            if process and takeover.link(f"/proc/{pid}/cwd") == str(self.root):
                found.append(process)
        return found

    def log(self, program: str) -> str:
        """What a program has logged: web, interface_0, worker-chat, redis, nginx, nginx.access, supervisord."""
        file = self.root / "var" / "log" / f"{program}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def logs(self, lines: int = 15) -> str:
        """The last lines of every log, for a failing test's message."""
        parts = []
        for file in sorted((self.root / "var" / "log").glob("*.log")):
            tail = "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
            parts.append(f"--- {file.name}\n{tail}")
        return "\n".join(parts)

    # Its people and pages

    @property
    def settings(self) -> dict[str, str]:
        """What its var/signalbox.env says."""
        return configure.parse((self.root / "var" / "signalbox.env").read_text())

    def sign_in(self, username: str) -> str:
        """The value of a `Cookie` header that speaks for this person, who is made when not there. Kept per name."""
        return self.sign_in_all([username])[username]

    def sign_in_all(self, usernames: Iterable[str]) -> dict[str, str]:
        """`Cookie` headers by name, all in one go: a test of 500 people does not start manage.py 500 times."""
        wanted = list(usernames)
        missing = [name for name in wanted if name not in self._cookies]
        if missing:
            printed = self.manage("shell", "-c", SESSIONS % json.dumps(missing))
            self._cookies |= json.loads(printed.rpartition("cookies:")[2])
        return {name: self._cookies[name] for name in wanted}

    def forget_people(self) -> None:
        """Sign everybody in anew from now on: after a restore, earlier sessions may be gone."""
        self._cookies.clear()

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, timeout: float = 30.0
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers (lower case) and text of a page, asked for through nginx; redirects are not followed."""
        request = urllib.request.Request(self.url + path, headers=dict(headers or {}))  # noqa: S310
        try:
            with _opener.open(request, timeout=timeout) as answer:
                found = answer
                body = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                found = error
                body = error.read()
        return (
            found.status,
            {name.lower(): value for name, value in found.headers.items()},
            body.decode(errors="replace"),
        )

    def _copy(self) -> None:
        """The files of the working tree as git sees them; the environment is shared."""
        self.root.mkdir()
        listed = subprocess.run(
            ["git", "ls-files", "-coz", "--exclude-standard"], cwd=CHECKOUT, capture_output=True, text=True, check=True
        )
        for name in filter(None, listed.stdout.split("\0")):
            source, target = CHECKOUT / name, self.root / name
            if source.is_file():  # git lists what was deleted and not yet committed
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        (self.root / ".venv").symlink_to((CHECKOUT / ".venv").resolve())
        if self._extra:
            (self.root / "var").mkdir(mode=0o700)
            file = self.root / "var" / "signalbox.env"
            file.write_text(configure.changed(configure.HEADER, self._extra))
            file.chmod(0o600)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
