"""`python -m deploy.team install|sum`: the packages and the sum of a team's Channels 1.x code, for ./deploy/up.

`install` brings the packages of SIGNALBOX_CHANNEL_REQUIREMENTS into .venv, and never changes a version that
requirements.txt has pinned. It does nothing when neither file has changed, and ends with one sentence on a fault.
`sum` prints a sum of the code and its packages: workers of Channels 1.x code restart when it has changed.
"""

import re
import subprocess
import sys
from pathlib import Path

from deploy.listen import ROOT
from proj.env import Settings, listed, refuse
from proj.team_code import packages
from proj.team_code.files import content_sum

INDEX_TIMEOUT_SECONDS = 15
THEN = "then run ./deploy/up"
UNREACHABLE = re.compile(
    r"connection broken by|NewConnectionError|name resolution|ReadTimeoutError|ConnectTimeoutError"
)
CONSTRAINED = re.compile(r"The user requested \(constraint\) (?P<name>\S+?)==(?P<version>\S+)")
WANTED = re.compile(
    r"^\s+(?:The user requested (?!\(constraint\))(?P<line>.+)|(?P<package>\S.*) depends on (?P<needs>.+))$"
)
NOT_FOUND = re.compile(r"No matching distribution found for (.+)")


def requirements() -> Path | None:
    """Return the file that the setting names, or None. Without the file the process ends."""
    name = Settings(ROOT / "var" / "signalbox.env").read("SIGNALBOX_CHANNEL_REQUIREMENTS", "", str)
    if not name:
        return None
    if not (ROOT / name).is_file():
        refuse(f"the setting SIGNALBOX_CHANNEL_REQUIREMENTS names {name}, which is no file; correct it, {THEN}")
    return ROOT / name


def install(file: Path) -> None:
    """Install the packages of `file`. End the process with one sentence when pip cannot."""
    constraints = packages.pinned(ROOT)
    wanted = packages.wanted_sum(file, ROOT)
    marker = packages.installed_packages()
    if marker.exists() and marker.read_text() == wanted:
        return
    list_of_ours = marker.with_name("constraints-channels1.txt")
    list_of_ours.write_text(constraints)
    options = ["--disable-pip-version-check", "--no-input", "--retries", "1", "--timeout", str(INDEX_TIMEOUT_SECONDS)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "-r", str(file), "-c", str(list_of_ours)],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    sys.stdout.write(done.stdout)
    sys.stdout.flush()
    if done.returncode:
        refuse(f"{file}: {reason(done.stdout)}")
    marker.write_text(wanted)


def reason(output: str) -> str:
    """Return the reason and the remedy in the output of a failed pip."""
    if ours := CONSTRAINED.search(output):
        return (
            f"{_asked(output, ours['name'])} conflicts with Signalbox, which has {ours['name']} {ours['version']}; "
            f"change the line or take it out, {THEN}"
        )
    if UNREACHABLE.search(output):
        return f"the package index cannot be reached; check the network and PIP_INDEX_URL, {THEN}"
    if missing := NOT_FOUND.search(output):
        return f"pip finds no package {missing[1]} for this Python; correct the line, {THEN}"
    errors = [line.removeprefix("ERROR: ") for line in output.splitlines() if line.startswith("ERROR: ")]
    return f"pip could not install it: {errors[0] if errors else 'see var/log/up.log'}; correct the file, {THEN}"


def _asked(output: str, name: str) -> str:
    """Return the requirement that conflicts with our package `name`."""
    for line in output.splitlines():
        match = WANTED.match(line)
        if match and re.match(re.escape(name) + r"\b", match["line"] or match["needs"], re.IGNORECASE):
            return match["line"] or f"{match['package']}, which depends on {match['needs']},"
    return "a line"


def main() -> None:
    if sys.argv[1:] == ["install"]:
        if file := requirements():
            install(file)
    elif sys.argv[1:] == ["sum"]:
        folders = Settings(ROOT / "var" / "signalbox.env").read("SIGNALBOX_CHANNEL_CODE", "", listed)
        marker = packages.installed_packages()
        installed = marker.read_text() if marker.exists() else ""
        sys.stdout.write(f"{content_sum(folders)} {installed}\n")
    else:
        sys.exit("Usage: python -m deploy.team install|sum")


if __name__ == "__main__":
    main()
