"""The benchmark's own environment, made under var/benchmarks/, and facts about this machine."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.host import ROOT, VAR, Trouble

VENV = VAR / "venv"
NODE = VAR / "node"
PYTHON = VENV / "bin" / "python"
MODULES = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules")


def _run(*command: str, folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def _said(*command: str) -> str:
    """Return the first line that a command prints, on either stream; empty when there is no such command."""
    try:
        done = _run(*command)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip().partition("\n")[0]


def _sum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def environment() -> None:
    """Make the load client's own virtualenv, anew after a change of requirements.txt. Raise Trouble when that fails."""
    required = ROOT / "benchmarks" / "requirements.txt"
    marker = VENV / "installed"
    if marker.is_file() and marker.read_text() == _sum(required) and PYTHON.exists():
        return
    install = ("--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:")
    for command in (
        (sys.executable, "-m", "venv", "--clear", str(VENV)),
        (str(PYTHON), "-m", "pip", "install", *install, "-r", str(required)),
    ):
        done = _run(*command)
        if done.returncode:
            raise Trouble(f"{' '.join(command)}: {(done.stderr or done.stdout)[-1000:]}")
    marker.write_text(_sum(required))


def node_packages() -> str:
    """Install the packages of socket.io; return the reason why that fails, or an empty string."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "node and npm are not installed"
    source = ROOT / "benchmarks" / "socketio"
    NODE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "server.js"):
        shutil.copy2(source / name, NODE / name)
    marker = NODE / "installed"
    wanted = _sum(NODE / "package-lock.json")
    if marker.is_file() and marker.read_text() == wanted:
        return ""
    try:
        done = _run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", folder=NODE)
    except subprocess.TimeoutExpired:
        return "npm does not finish"
    if done.returncode:
        return f"its packages cannot be installed: {done.stderr.strip()[-200:]}"
    marker.write_text(wanted)
    return ""


def nchan() -> Path | None:
    """Return the path of the nginx module nchan, if it is installed."""
    folders = filter(None, [os.environ.get("NGINX_MODULES"), *MODULES])
    return next((file for folder in folders if (file := Path(folder, "ngx_nchan_module.so")).is_file()), None)


def commit() -> str:
    """Return the measured commit, and whether the files differ from it."""
    found = _said("git", "describe", "--always", "--abbrev=10", "--exclude", "*")
    changed = _said("git", "status", "--porcelain", "--untracked-files=no")
    return f"{found}{' with changes' if changed else ''}"


def machine() -> dict[str, str]:
    """Return facts about the machine and its programs, by name."""
    about = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next(
        (line.partition(":")[2].strip() for line in about if line.startswith("model name")),
        platform.machine(),
    )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") or "nginx"
    redis = shutil.which("redis-server") or "valkey-server"
    return {
        "processor": f"{processor}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{memory:.0f} GiB",
        "kernel": f"Linux {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "nginx": _said(found, "-v").rpartition("/")[2],
        "redis": _said(redis, "--version").partition(" sha=")[0],
        "packages": ", ".join(f"{name} {version(name)}" for name in ("django", "channels", "daphne", "channels-redis")),
    }
