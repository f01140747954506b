"""A small checkout for tests of single processes: the real scripts and configuration, a stub of the project."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import takeover
from tests.system.stack import CHECKOUT, FOREIGN, Port

WSGI = """
import json, os, time
def application(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        open(f"var/slow.{os.getpid()}", "w").close()
        while not os.path.exists("var/enough"):
            time.sleep(0.05)
    start_response("200 OK", [("Content-Type", "application/json"), ("X-Frame-Options", "ALLOWALL")])
    shown = {name: value for name, value in environ.items() if isinstance(value, str)}
    return [json.dumps(shown | {"pid": os.getpid()}).encode()]
"""


class Checkout:
    """A folder with deploy/, nginx/, supervisord.conf and a stub of proj/; `start` runs one of its scripts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._port = Port()
        self.port = self._port.number
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        self.environment = kept | {"SIGNALBOX_PORT": str(self.port)}
        self.started: list[subprocess.Popen[bytes]] = []
        self.readers: list[subprocess.Popen[bytes]] = []
        for folder in ("deploy", "nginx"):
            shutil.copytree(CHECKOUT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(CHECKOUT / "supervisord.conf", root)
        (root / "proj").mkdir()
        (root / "proj" / "__init__.py").touch()
        (root / "proj" / "wsgi.py").write_text(WSGI)
        for name in ("addresses.py", "env.py"):
            shutil.copy2(CHECKOUT / "proj" / name, root / "proj")
        for folder in ("run", "log", "nginx", "static", "media"):
            (root / "var" / folder).mkdir(parents=True)
        (root / ".venv").symlink_to(Path(sys.prefix).resolve())

    def settings(self, text: str) -> None:
        file = self.root / "var" / "signalbox.env"
        file.write_text(text)
        file.chmod(0o600)

    def run(self, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a command there to its end."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment | environment,
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def python(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return self.run(".venv/bin/python", *arguments, **environment)

    def start(self, script: str, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Start deploy/SCRIPT; its output goes to var/log/SCRIPT.log. The fixture ends it."""
        with (self.root / "var" / "log" / f"{script}.log").open("ab") as log:
            # The output goes through a pipe, as under supervisord: nginx opens /dev/stdout again.
            reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log)
            process = subprocess.Popen(
                [str(self.root / "deploy" / script), *arguments],
                cwd=self.root,
                env=self.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=reader.stdin,
                stderr=log,
                start_new_session=True,
            )
        assert reader.stdin
        reader.stdin.close()
        self.readers.append(reader)
        self.started.append(process)
        return process

    def log(self, script: str) -> str:
        return (self.root / "var" / "log" / f"{script}.log").read_text(errors="replace")

    def stop(self) -> None:
        for process in self.started:
            process.terminate()
        for process in self.started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        left = [one for pid in takeover.pids() if (one := takeover.Process.of(pid)) and self._works_here(pid)]
        takeover.end(left, 2.0)
        self._port.close()
        for reader in self.readers:
            reader.wait(10)

    def _works_here(self, pid: int) -> bool:
        return takeover.link(f"/proc/{pid}/cwd") == str(self.root)


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    """A checkout with a space in its path: every path must be quoted."""
    folder = Path(tempfile.mkdtemp(prefix="sb-", dir="/tmp"))
    root = folder / "a b"
    root.mkdir()
    made = Checkout(root)
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)
