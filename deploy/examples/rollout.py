#!/usr/bin/env python3
"""rollout.py RELEASES deploy VERSION FOLDER ARCHIVE | rollback [VERSION] | list: releases of a site, by symlink.

RELEASES/<version>/ holds an unpacked archive, RELEASES/current leads to the release in use, RELEASES/previous to the
one before. A switch is one rename: a server of RELEASES/current sees the old release or the new one, never half of it.

Standard library only: copy it to a host and change it. deploy/examples/services.toml runs it.
"""

import fcntl
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NoReturn


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def fail(sentence: str) -> NoReturn:
    say(f"\033[31m{sentence}\033[0m")
    sys.exit(1)


def progress(percent: int, text: str) -> None:
    say(f"::progress {percent} {text}")


def target(link: Path) -> str:
    """Return the version that `current` or `previous` leads to; empty when there is none."""
    return link.readlink().name if link.is_symlink() else ""


def point(link: Path, version: str) -> None:
    """Switch `link` to this version by one rename."""
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(version)
    fresh.rename(link)


def switch(releases: Path, version: str) -> None:
    before = target(releases / "current")
    if before == version:
        say(f"{version} is in use already.")
        return
    if before:
        point(releases / "previous", before)
    point(releases / "current", version)
    say(f"\033[32m{version} is in use.\033[0m" + (f" Before it: {before}." if before else ""))


def unpack(archive: Path, folder: Path) -> None:
    """Unpack `archive` below `folder`, and nowhere else."""
    with tarfile.open(archive) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # older Pythons do not know it
        members = tar.getmembers()
        say(f"::group {len(members)} entries")
        for number, member in enumerate(members, 1):
            if not (member.isfile() or member.isdir()) or member.name.startswith("/") or ".." in member.name.split("/"):
                raise tarfile.TarError(f"{member.name} is no plain file below the archive's folder")
            tar.extract(member, folder)
            say(member.name)
            if number % 20 == 0:
                progress(10 + 70 * number // len(members), f"unpacking {archive.name}")
        say("::endgroup")


def deploy(releases: Path, version: str, archive: Path) -> None:
    if (releases / version).exists():
        say(f"{version} is here already; it is not unpacked again.")
    else:
        progress(0, f"unpacking {archive.name}")
        # Made beside it and renamed: a release that is cut short is no release.
        unfinished = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=releases))
        try:
            unpack(archive, unfinished)
        except (OSError, EOFError, tarfile.TarError) as error:
            shutil.rmtree(unfinished)
            fail(f"{archive.name} could not be unpacked: {error}. Nothing was changed.")
        unfinished.chmod(0o755)
        unfinished.rename(releases / version)
    progress(90, "switching")
    switch(releases, version)
    progress(100, f"{version} is in use")


def rollback(releases: Path, version: str) -> None:
    version = version or target(releases / "previous")
    if not version:
        fail("There is no release before this one.")
    if not (releases / version).is_dir():
        fail(f"There is no release {version}.")
    switch(releases, version)


def show(releases: Path) -> None:
    current = target(releases / "current")
    for release in sorted(path.name for path in releases.iterdir() if path.is_dir() and not path.is_symlink()):
        if not release.startswith("."):
            say(f"{'*' if release == current else ' '} {release}")


def main(arguments: list[str]) -> None:
    releases, verb, rest = Path(arguments[0]), arguments[1], arguments[2:]
    releases.mkdir(parents=True, exist_ok=True)
    lock = (releases / ".lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)  # a roll-out and a rollback at once would leave either
    if verb == "deploy":
        deploy(releases, rest[0], Path(rest[1], rest[2]))
    elif verb == "rollback":
        rollback(releases, rest[0] if rest else "")
    else:
        show(releases)


if __name__ == "__main__":
    main(sys.argv[1:])
