"""The whole stack for tests: a copy of this checkout, brought up by its own ./deploy/up, with real processes.

stack = Stack({"SIGNALBOX_POST_RATE": "0"})
stack.start()
cookie = stack.sign_in("alice")
...
stack.stop()

Stack(commit="5144c13") is a copy of an earlier commit; pull() brings the present files to it, as `git pull` would.
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
# A test run sets these for its own process; the stack has settings of its own.
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
    """A TCP port that is reserved until close(): only servers that set SO_REUSEADDR can listen on it.

    The kernel gives a port that was merely free a moment ago to other processes, while its server starts or is away.
    """

    def __init__(self) -> None:
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", 0))
        self.number = int(self._place.getsockname()[1])

    def close(self) -> None:
        """Give the port back to the kernel."""
        self._place.close()


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until `condition()` is true; AssertionError when it is not within `seconds`."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"waited {seconds} s in vain until {what}"
        time.sleep(0.05)


class Stack:
    """One stack in a temporary folder. `settings` go to its var/signalbox.env, beside those that deploy/up writes.

    `environment` is added to the environment of ./deploy/up and manage.py. A folder with a space shows that paths are
    quoted. With `commit` the files are those of that commit, not those of the working tree.
    """

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        folder: str = "r",
        commit: str | None = None,
    ) -> None:
        self._temporary = Path(tempfile.mkdtemp(prefix="sb-", dir="/tmp"))  # sockets need short names
        self.root = self._temporary / folder
        self._port = Port()
        self.port = self._port.number
        self.url = f"http://127.0.0.1:{self.port}"
        # One person makes the rooms of all tests.
        self._extra = {"SIGNALBOX_NEW_ROOMS_PER_HOUR": "0"} | dict(settings or {})
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        self.environment = kept | dict(environment or {})
        self.output = ""  # of the last ./deploy/up
        self._cookies: dict[str, str] = {}
        self._files: set[str] = set()  # paths under git's control, from the root
        self._copy(commit)

    # Its life

    def start(self) -> None:
        """Run ./deploy/up: at first, after a kill, or for an upgrade. AssertionError with its output when it fails."""
        done = self.run("./deploy/up", SIGNALBOX_PORT=str(self.port))
        self.output = done.stdout + done.stderr
        assert done.returncode == 0, f"./deploy/up ended with {done.returncode}:\n{self.output}\n{self.logs()}"

    def stop(self) -> None:
        """Stop the stack, end every process that is left of it, and remove its folder."""
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

    # The operator's commands

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
        """Run `manage.py ...` and return its standard output. AssertionError when it fails."""
        done = self.run(".venv/bin/python", "manage.py", *arguments)
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def supervisorctl(self, *arguments: str) -> str:
        """Run `supervisorctl ...` and return its output; any exit status will do."""
        done = self.run(".venv/bin/supervisorctl", *arguments)
        return done.stdout + done.stderr

    def restart(self, group: str) -> None:
        """As `supervisorctl restart GROUP:*`, without its wait of ten seconds (`startsecs`)."""
        with self._supervisor() as supervisor:
            supervisor.stopProcessGroup(group)
            supervisor.startProcessGroup(group, False)

    # Its database: read beside the stack, because a manage.py costs a second of it

    def select(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Return the rows that a SELECT finds, each as a dictionary by column."""
        with contextlib.closing(sqlite3.connect(self.root / "var" / "signalbox.sqlite3", timeout=20)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(sql, values)]

    # Its processes

    def programs(self) -> dict[str, dict[str, Any]]:
        """Return supervisord's record of each process (`statename`, `pid`, `start`, ...) by name: web, interface_0."""
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
        """Return the pid of each process by name; 0 when it does not run."""
        return {name: entry["pid"] for name, entry in self.programs().items()}

    def pid(self, program: str) -> int:
        """Return the pid of one process, of `supervisord` too; 0 when it does not run."""
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
        """Return every process that has this stack's folder as its working directory."""
        found = []
        for pid in takeover.pids():
            process = takeover.Process.of(pid)
            if process and takeover.link(f"/proc/{pid}/cwd") == str(self.root):
                found.append(process)
        return found

    def log(self, program: str) -> str:
        """Return a program's log: web, interface_0, worker-chat, redis, nginx, nginx.access, supervisord."""
        file = self.root / "var" / "log" / f"{program}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def logs(self, lines: int = 15) -> str:
        """Return the last lines of every log, for a failing test's message."""
        parts = []
        for file in sorted((self.root / "var" / "log").glob("*.log")):
            tail = "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
            parts.append(f"--- {file.name}\n{tail}")
        return "\n".join(parts)

    # Its people and pages

    @property
    def settings(self) -> dict[str, str]:
        """The settings in its var/signalbox.env."""
        return configure.parse((self.root / "var" / "signalbox.env").read_text())

    def sign_in(self, username: str) -> str:
        """Return the `Cookie` header of a session of this person; the first call makes the person and the session."""
        return self.sign_in_all([username])[username]

    def sign_in_all(self, usernames: Iterable[str]) -> dict[str, str]:
        """Return `Cookie` headers by name, made together: a test of 500 people starts manage.py once, not 500 times."""
        wanted = list(usernames)
        missing = [name for name in wanted if name not in self._cookies]
        if missing:
            printed = self.manage("shell", "-c", SESSIONS % json.dumps(missing))
            self._cookies |= json.loads(printed.rpartition("cookies:")[2])
        return {name: self._cookies[name] for name in wanted}

    def forget_people(self) -> None:
        """Make new sessions from now on: after a restore, earlier ones may be gone."""
        self._cookies.clear()

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, timeout: float = 30.0
    ) -> tuple[int, dict[str, str], str]:
        """Return status, headers (lower case) and text of a page that nginx serves; redirects are not followed."""
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

    # Its files

    def configure(self, **settings: str) -> None:
        """Set these settings in its var/signalbox.env; ./deploy/up takes them in."""
        file = self.root / "var" / "signalbox.env"
        file.write_text(configure.changed(file.read_text(), settings))

    def pull(self) -> None:
        """Bring the working tree's files, as `git pull` would: files that it no longer has are removed."""
        listed = _git("ls-files", "-coz", "--exclude-standard").decode().split("\0")
        # git lists a file that was deleted and not yet committed
        names = {name for name in listed if name and (CHECKOUT / name).is_file()}
        for name in self._files - names:
            (self.root / name).unlink()
        for name in names:
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # a running script is read by offset: it must find the old file, not a changed one under the same inode
            target.unlink(missing_ok=True)
            shutil.copy2(CHECKOUT / name, target)
        self._files = names

    def _copy(self, commit: str | None) -> None:
        """Fill the folder; the environment is shared, so its packages are always the present ones."""
        self.root.mkdir()
        if commit is None:
            self.pull()
        else:
            subprocess.run(["tar", "-x"], cwd=self.root, input=_git("archive", "--format=tar", commit), check=True)
            self._files = set(filter(None, _git("ls-tree", "-rz", "--name-only", commit).decode().split("\0")))
            shutil.copy2(CHECKOUT / "requirements.txt", self.root)
        (self.root / ".venv").symlink_to((CHECKOUT / ".venv").resolve())
        if self._extra:
            (self.root / "var").mkdir(mode=0o700)
            file = self.root / "var" / "signalbox.env"
            file.write_text(configure.changed(configure.FILE_HEADER, self._extra))
            file.chmod(0o600)


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=CHECKOUT, capture_output=True, check=True).stdout


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
