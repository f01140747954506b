"""The disk of a whole stack is full for ten minutes: everything that waits is stored when there is room again.

    ./tests/run -n 0 -s -m by_hand tests/system/test_full_disk.py

FULL_DISK_SECONDS=60 makes it shorter. Mounting a small disk needs the rights of root.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.client import Client
from tests.system.stack import Stack, wait_until
from tests.system.test_runs import all_end, outputs, start

SECONDS = float(os.environ.get("FULL_DISK_SECONDS", "600"))
DISK_BYTES = 2**30  # the doctor wants room at the start
EVENTS = "FROM rooms_event event JOIN rooms_room room ON room.id = event.room_id WHERE room.name = 'full'"
BESIDE_SECONDS = 10.0  # for which runs print and people talk before and after

pytestmark = [pytest.mark.by_hand, pytest.mark.timeout(int(SECONDS) + 400)]

# It prints evenly, for longer than the disk is full.
TALKATIVE = """
import sys, time
end = time.monotonic() + float(sys.argv[1])
n = 0
while time.monotonic() < end:
    n += 1
    print("line", n, "x" * 500, flush=True)
    time.sleep(0.01)
print("lines:", n)
"""
SERVICES = """
[talkative]
command = ["python3", "{root}/talkative.py", "{seconds}"]
parameters = [{name = "seconds", type = "integer"}]
concurrency = 10
timeout = 3600
"""


@pytest.fixture
def full() -> Iterator[Stack]:
    """A stack whose var/ is a small disk of its own."""
    stack = Stack()
    var = stack.root / "var"
    env = (var / "signalbox.env").read_bytes()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "none", str(var)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs the rights of root")
    try:
        (var / "signalbox.env").write_bytes(env)
        (var / "signalbox.env").chmod(0o600)
        stack.start()
        yield stack
        stack.stop()
    finally:
        subprocess.run(["umount", "--lazy", str(var)], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte of the disk free; return the file to delete for room."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (2**20, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


async def test_ten_minutes_of_a_full_disk_lose_no_message_and_no_line_of_output(full: Stack) -> None:
    (full.root / "talkative.py").write_text(TALKATIVE)
    (full.root / "services.toml").write_text(SERVICES.replace("{root}", str(full.root)))
    full.manage("loadservices", str(full.root / "services.toml"))
    full.manage("addroom", "full")
    cookies = await asyncio.to_thread(full.sign_in_all, ["alice", "bob"])
    clients = [Client(full.url, "full", cookie) for cookie in cookies.values()]
    for client in clients:
        await client.until(client.live.is_set)
    said: dict[str, str] = {}

    async def talk(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for client in clients:
                text = f"message {len(said)}"
                said[await client.post(text)] = text
            await asyncio.sleep(2)

    long = start(full, "talkative", seconds=int(SECONDS + 2 * BESIDE_SECONDS))
    short = start(full, "talkative", seconds=int(BESIDE_SECONDS + 5))  # it ends, and is archived, on the full disk
    await talk(BESIDE_SECONDS)
    before = full.pids()
    ballast = await asyncio.to_thread(fill, full.root / "var")
    stored = len(full.select(f"SELECT 1 {EVENTS}"))
    await talk(SECONDS)
    print("stored when full:", stored, "and later:", len(full.select(f"SELECT 1 {EVENTS}")), "said:", len(said))
    ballast.unlink()
    await talk(BESIDE_SECONDS)
    for client in clients:
        await client.until(lambda client=client: not client.pending, 120)  # type: ignore[misc]
        assert (client.faults, client.refused) == ([], [])
        await client.close()
    rows = full.select(f"SELECT event.text {EVENTS} AND kind = 'message.posted'")
    assert sorted(row["text"] for row in rows) == sorted(said.values())
    ids = [*long, *short]
    ended = all_end(full, ids, 120)
    assert {id: row["state"] for id, row in ended.items()} == dict.fromkeys(ids, "succeeded")
    wait_until(lambda: len(outputs(full, ids)) == len(ids), 120, "the outputs are archived")
    for output in outputs(full, ids).values():
        *printed, last = output.splitlines()
        assert last == f"lines: {len(printed)}"
        assert [line.split()[1] for line in printed] == [str(n + 1) for n in range(len(printed))]
    print("died meanwhile:", [name for name, pid in full.pids().items() if before[name] != pid])
    full.wait_green()
