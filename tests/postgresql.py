"""`python -m tests.postgresql COMMAND...`: run a command with a PostgreSQL of its own, in DATABASE_URL.
`python -m tests.postgresql --programs`: print the folder of PostgreSQL's programs, or fail when they are missing.

The cluster lies in a temporary folder, listens on a unix socket there, and keeps nothing on disk for long. It ends with
the command, and also when this process is interrupted or killed.
"""

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 20.0
MIN_VERSION = 14  # Django 5.2's
FOLDERS = ("usr/lib/postgresql/*/bin/initdb", "usr/pgsql-*/bin/initdb")  # of Debian's packages, and of PostgreSQL's own
SOCKET = ".s.PGSQL.5432"
# The tests need a database that is quick, not one that survives a power cut.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
}


def programs() -> Path:
    """Return the folder of PostgreSQL's programs: those on the PATH, or the newest where distributions keep them."""
    on_path = shutil.which("initdb")
    kept = sorted((path for folder in FOLDERS for path in Path("/").glob(folder)), key=_version, reverse=True)
    found = [*([Path(on_path).resolve()] if on_path else []), *kept]
    for initdb in found:
        if _version(initdb) >= MIN_VERSION:
            return initdb.parent
    old = ", ".join(f"{initdb} is of version {_version(initdb)}" for initdb in found)
    sys.exit(f"signalbox: PostgreSQL {MIN_VERSION} or newer is missing{old and f' ({old})'}; ./tests/run installs it")


def _version(initdb: Path) -> int:
    """Return the major version of an initdb, 0 when it does not say one."""
    said = subprocess.run([initdb, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r" (\d+)", said)
    return int(number[1]) if number else 0


def user() -> str | None:
    """Return the user to run PostgreSQL as when this process is root, which PostgreSQL refuses; else None."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """Yield the DATABASE_URL of a new cluster; end the cluster afterwards."""
    owner = user()
    folder = Path(tempfile.mkdtemp(prefix="sb-pg-", dir="/tmp"))  # sockets need short names
    try:
        if owner:
            shutil.chown(folder, owner)
        make = [str(programs() / "initdb"), "-D", str(folder / "data"), "-U", "signalbox", "-A", "trust", "-E", "UTF8"]
        done = subprocess.run(
            [*make, "--locale=C", "--no-sync"], user=owner, cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"signalbox: initdb failed: {done.stderr.strip()}")
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(_command(folder), user=owner, cwd=folder, stdout=log, stderr=log)
        try:
            _await(folder, server)
            yield f"postgres://signalbox@/postgres?{urlencode({'host': str(folder)})}"
        finally:
            _end(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _command(folder: Path) -> list[str]:
    options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    server = [str(programs() / "postgres"), "-D", str(folder / "data"), "-k", str(folder), *options]
    # The server ends when this process is killed: nothing else would end it.
    return ["setpriv", "--pdeathsig", "INT", *server] if shutil.which("setpriv") else server


def _await(folder: Path, server: "subprocess.Popen[bytes]") -> None:
    """Wait until the server accepts connections."""
    import psycopg

    end = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            psycopg.connect(host=str(folder), user="signalbox", dbname="postgres").close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > end:
                log = (folder / "log").read_text(errors="replace")
                sys.exit(f"signalbox: PostgreSQL does not start: {error}\n{log}")
            time.sleep(0.05)


def _end(server: "subprocess.Popen[bytes]") -> None:
    """End the server: at once for its clients (INT), and without a checkpoint when that takes too long (QUIT)."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        server.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOP_TIMEOUT_SECONDS)
            return


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main(command: list[str]) -> int:
    """Run the command, or print the programs' folder, and return the exit status.

    TERM and HUP end the command like an interrupt from the terminal. A shell starts its background jobs with INT
    ignored: the handler undoes that here, and so in the command.
    """
    if command == ["--programs"]:
        print(programs())
        return 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with cluster() as url, subprocess.Popen(command, env=os.environ | {"DATABASE_URL": url}) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)
            child.wait()
            return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
