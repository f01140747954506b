"""Channels 1.x code: whether it can run, whether its workers take every channel, and turns that wait or were lost.

The code is checked in a process of its own, as the user of the programs: it cannot end the doctor, nor keep it waiting.
Without a routing these steps report nothing.
"""

import asyncio
import os
import pwd
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial

import msgspec
from django.conf import settings

from proj.health.programs import MAX_HEARTBEAT_AGE_SECONDS
from proj.health.report import CodeCheck, Observation, Walk, green, red, yellow
from proj.health.supervision import show_log
from proj.layer.heartbeat import CHANNELS1_HEARTBEAT, beats
from proj.layer.redis.turn_backlog import LostTurn, WaitingTurns, backlogs, lost_turns
from proj.team_code import packages

CHECK_TIMEOUT_SECONDS = 30.0
CHECK_AGAIN_SECONDS = 10.0  # of one waiting doctor
OLD_TURN_SECONDS = 2.0
STUCK_TURN_SECONDS = 10.0
LOST_LATELY_SECONDS = 3600.0
PROGRAMS = "channels:*"
CHECK_COMMAND = "Run: .venv/bin/python manage.py channels1; the log is shown by: "


def code_runs(walk: Walk) -> Iterator[Observation]:
    """Import the code in another process: routing, consumers, models, tables."""
    if not settings.CHANNEL_ROUTING:
        return
    found = _checked(walk)
    sentences = [found.fault, *found.notices] if found.fault else found.notices
    if sentences:
        yield red("; ".join(sentences), CHECK_COMMAND + show_log(PROGRAMS))
    else:
        yield green(f"{settings.CHANNEL_ROUTING} has {len(found.channels)} channels")


def packages_installed(_: Walk) -> Iterator[Observation]:
    """Compare the file of the code's packages with the one that ./deploy/up has installed."""
    name = settings.CHANNEL_REQUIREMENTS
    if not settings.CHANNEL_ROUTING or not name:
        return
    file, marker = settings.BASE_DIR / name, packages.installed_packages()
    try:
        wanted = packages.wanted_sum(file, settings.BASE_DIR)
    except OSError as error:
        yield red(
            f"{file} cannot be read: {error.strerror}", "Correct SIGNALBOX_CHANNEL_REQUIREMENTS; run: ./deploy/up"
        )
        return
    if marker.exists() and marker.read_text() == wanted:
        yield green(f"those of {file} are installed")
    else:
        yield red(f"{file} is not installed as it is now", "Run: ./deploy/up, which names the reason when it cannot")


def workers_take_all(walk: Walk) -> Iterator[Observation]:
    """Check that workers run, and that each channel of the routing is taken by one and by the settings."""
    if not settings.CHANNEL_ROUTING:
        return
    now = time.time()
    fresh = [
        beat
        for beat in asyncio.run(beats())
        if beat.channel == CHANNELS1_HEARTBEAT and now - beat.at < MAX_HEARTBEAT_AGE_SECONDS
    ]
    if not fresh:
        advice = f"Mend the code first; then run: {show_log(PROGRAMS)}"
        yield red("no worker of Channels 1.x code runs: handshakes are refused, and frames wait", advice)
        return
    wanted = _checked(walk).channels
    patterns = [group.pattern for group in settings.CHANNEL_WORKERS]
    unnamed = [name for name in wanted if not any(fnmatchcase(name, pattern) for pattern in patterns)]
    untaken = [name for name in wanted if not any(name in beat.consumes for beat in fresh)]
    if unnamed:
        advice = f"Add them to SIGNALBOX_CHANNEL_WORKERS, such as {unnamed[0]}:1:1; then run: ./deploy/up"
        yield red(f"no program takes the channels {', '.join(unnamed)}", advice)
    elif untaken:
        saw = f"no running worker takes the channels {', '.join(untaken)}"
        yield red(saw, f"Run: supervisorctl restart {PROGRAMS} (no socket closes)")
    else:
        pids = ", ".join(f"{beat.host}:{beat.pid}" for beat in fresh)
        yield green(f"{sum(beat.handled for beat in fresh)} turns done by {pids}")


def turns_move(_: Walk) -> Iterator[Observation]:
    """Check that no turn waits long, and that no worker has died with a turn within the last hour."""
    if not settings.CHANNEL_ROUTING:
        return
    waiting, lost = asyncio.run(_turns())
    log = f"Run: {show_log(PROGRAMS)}"
    if waiting:
        channel, backlog = max(waiting.items(), key=lambda item: item[1].oldest_seconds)
        count = sum(one.turns for one in waiting.values())
        saw = f"{count} turns wait for a worker, the oldest for {backlog.oldest_seconds:.1f} s on {channel}"
        if backlog.oldest_seconds > STUCK_TURN_SECONDS:
            yield red(saw, f"{log}; consumers hang, or no worker takes the channel")
            return
        if backlog.oldest_seconds > OLD_TURN_SECONDS:
            yield yellow(saw, "Raise the processes or threads in SIGNALBOX_CHANNEL_WORKERS.")
            return
    lately = [turn for turn in lost if time.time() - turn.at < LOST_LATELY_SECONDS]
    if lately:
        at = datetime.fromtimestamp(lately[0].at, UTC).strftime("%H:%M:%S UTC")
        consumer = f" of {lately[0].consumer}" if lately[0].consumer else ""
        yield yellow(
            f"workers died with {len(lately)} turns within the last hour, the last{consumer} on {lately[0].channel} "
            f"at {at}",
            f"{log}; SIGNALBOX_CHANNEL_LOST says what becomes of their frames.",
        )
        return
    yield green(f"{sum(one.turns for one in waiting.values())} turns wait, none was lost within the last hour")


async def _turns() -> tuple[dict[str, WaitingTurns], list[LostTurn]]:
    return await backlogs(), await lost_turns()


def _checked(walk: Walk) -> CodeCheck:
    """Return the check of this walk. A waiting doctor repeats a good one seldom, because it costs a second of CPU."""
    if walk.code_check is None or time.monotonic() - walk.code_checked_at > CHECK_AGAIN_SECONDS:
        walk.code_check, walk.code_checked_at = _check(), time.monotonic()
    return walk.code_check


def _check() -> CodeCheck:
    """Run `manage.py channels1 --json` as the owner of var/, and return its answer or the reason of its end."""
    environment = {name: value for name, value in os.environ.items() if name != "SIGNALBOX_ROLE"}
    owner = (settings.VAR if settings.VAR.exists() else settings.BASE_DIR).stat().st_uid
    try:
        done = subprocess.run(
            [sys.executable, "manage.py", "channels1", "--json"],
            cwd=settings.BASE_DIR,
            env=environment,
            preexec_fn=partial(_become, owner),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CHECK_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return CodeCheck(f"the code was not imported within {CHECK_TIMEOUT_SECONDS:g} s: a module waits for something")
    try:
        return msgspec.json.decode(done.stdout.strip().rpartition("\n")[2], type=CodeCheck)
    except msgspec.DecodeError:
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        return CodeCheck(f"the import of the code ended the process with status {done.returncode}: {last}")


def _become(owner: int) -> None:
    """Give up root for the user of the programs: root may read folders that they may not."""
    if os.geteuid() == 0 and owner != 0:
        person = pwd.getpwuid(owner)
        os.initgroups(person.pw_name, person.pw_gid)
        os.setgid(person.pw_gid)
        os.setuid(owner)
