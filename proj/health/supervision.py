"""supervisord's control interface: XML-RPC over the unix socket that supervisorctl uses.

supervisor.xmlrpc.SupervisorTransport knows no timeout, so the transport here is built on the standard library. It sets
one private attribute there: xmlrpc.client.Transport._connection, the connection that close() closes. Tested with
Python 3.11 to 3.14 and supervisor 4.3 (tests/health/test_supervision.py). The module imports nothing of Django:
deploy/roll.py uses it as well.
"""

import http.client
import socket
import xmlrpc.client
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict, cast


class ProcessInfo(TypedDict):
    """supervisord's description of one process; `start` and `now` are Unix times in seconds."""

    group: str
    name: str
    statename: str
    description: str
    spawnerr: str
    pid: int
    start: int
    now: int


class ConfigInfo(TypedDict):
    """The settings of one process in the configuration that supervisord has read."""

    group: str
    name: str
    group_prio: int
    autostart: bool


def show_log(program: str) -> str:
    """Return the command that shows the end of a program's log; of all its processes for a name like `group:*`.

    `supervisorctl tail` cuts the log by bytes, and fails with 500 when its cut splits a character.
    """
    group, _, process = program.rpartition(":")
    return f"tail -n 50 var/log/{f'{group}*' if process == '*' else process}.log"


class Supervisor:
    """A connection to one supervisord, to be used as a context manager. Its calls raise OSError without supervisord.

    `timeout` is the time in seconds that one call may take; without it, stopping a program takes as long as it takes.
    """

    def __init__(self, unix_socket: Path, timeout: float | None = None) -> None:
        transport = _UnixTransport(str(unix_socket), timeout)
        self._server = xmlrpc.client.ServerProxy("http://localhost", transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        self._server("close")()

    def processes(self) -> list[ProcessInfo]:
        return cast("list[ProcessInfo]", self._server.supervisor.getAllProcessInfo())

    def process(self, name: str) -> ProcessInfo:
        return cast("ProcessInfo", self._server.supervisor.getProcessInfo(name))

    def configured(self) -> list[ConfigInfo]:
        return cast("list[ConfigInfo]", self._server.supervisor.getAllConfigInfo())

    def start(self, name: str) -> None:
        """Start a process without waiting for it. Raise xmlrpc.client.Fault when it cannot be started."""
        self._server.supervisor.startProcess(name, False)

    def stop(self, name: str) -> None:
        """Stop a process and wait for its end. Raise xmlrpc.client.Fault when it is not running."""
        self._server.supervisor.stopProcess(name)

    def signal(self, name: str, signal: str) -> None:
        """Send a signal such as "HUP" to a process."""
        self._server.supervisor.signalProcess(name, signal)


def full_name(group: str, name: str) -> str:
    """Return the name of a process as supervisorctl takes it."""
    return name if group == name else f"{group}:{name}"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
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
    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__()
        self.path = path
        self.timeout = timeout

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _UnixConnection(self.path, self.timeout)
        self._connection = host, connection  # close() closes the connection that it finds here
        return connection
