"""Metrics of real processes: sums, gauges that end with their process, files that do not grow."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proj.metrics import storage
from proj.metrics.prometheus_internals import summed
from tests.conftest import wait_for

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, sys
from pathlib import Path
from proj.metrics import storage
name = storage.begin(Path(sys.argv[1]), sys.argv[2])
from prometheus_client import Counter, Gauge, Histogram
said = Counter("said_total", "Words.", ["code"], registry=None)
took = Histogram("took_seconds", "Time.", buckets=[1, 2], registry=None)
open_ = Gauge("open", "Open.", ["process"], multiprocess_mode="livesum", registry=None)
for _ in range(int(sys.argv[3])):
    said.labels("a").inc()
    took.observe(1.5)
    open_.labels(name).inc()
print(name, flush=True)
sys.stdin.read()
"""

READER = """
import sys
from pathlib import Path
from proj.metrics import storage
while True:
    list(storage.files(Path(sys.argv[1])))
"""


class Processes:
    """Processes that count, and the folder of their metrics."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[str]] = []

    def start(self, program: str, times: int) -> tuple[subprocess.Popen[str], str]:
        """Start a process that counts `times`; return it, and the name of its files."""
        command = [sys.executable, "-c", PROGRAM, str(self.folder), program, str(times)]
        process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.running.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    def values(self) -> dict[tuple[str, ...], float]:
        """Return the sums by name and labels."""
        return {
            (sample.name, *sample.labels.values()): sample.value
            for metric in summed(storage.files(self.folder))
            for sample in metric.samples
        }

    def close(self) -> None:
        for process in self.running:
            process.kill()
            process.communicate()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path / "metrics")
    yield processes
    processes.close()


def kill(process: "subprocess.Popen[str]", number: int = signal.SIGKILL) -> None:
    process.send_signal(number)
    process.wait(10)


def test_processes_are_added_up_and_gauges_are_kept_apart(processes: Processes) -> None:
    processes.start("one_0", 3)
    processes.start("one_1", 4)
    values = processes.values()
    assert values["said_total", "a"] == 7
    assert values["took_seconds_count",] == 7
    assert (values["took_seconds_bucket", "1.0"], values["took_seconds_bucket", "2.0"]) == (0, 7)
    assert (values["open", "one_0"], values["open", "one_1"]) == (3, 4)


def test_counters_of_the_dead_stay_and_their_gauges_go(processes: Processes) -> None:
    process, _ = processes.start("one", 3)
    kill(process)
    assert processes.values() == {key: value for key, value in processes.values().items() if key[0] != "open"}
    assert processes.values()["said_total", "a"] == 3


def test_a_process_that_starts_again_counts_on_and_the_folder_does_not_grow(processes: Processes) -> None:
    for round in range(1, 6):
        process, name = processes.start("one", 2)
        assert name == "one"
        assert processes.values()["said_total", "a"] == 2 * round
        assert processes.values()["open", "one"] == 2
        kill(process, signal.SIGTERM if round % 2 else signal.SIGKILL)
    assert sorted(file.name for file in processes.folder.iterdir()) == [
        "counter_one.db",
        "gauge_livesum_one.db",
        "histogram_one.db",
        "one.lock",
    ]


def test_two_processes_of_one_name_do_not_write_to_one_file(processes: Processes) -> None:
    first, _ = processes.start("one", 1)
    second, name = processes.start("one", 1)
    assert name == "one.1"
    assert processes.values()["said_total", "a"] == 2
    kill(first)
    assert processes.start("one", 1)[1] == "one"
    kill(second)
    assert processes.start("one", 1)[1] == "one.1"
    assert processes.values()["said_total", "a"] == 4


def test_names_stay_while_a_reader_reads_all_the_time(processes: Processes) -> None:
    processes.start("one", 1)
    kill(processes.running[0])
    reader = subprocess.Popen([sys.executable, "-c", READER, str(processes.folder)], cwd=ROOT)
    try:
        for _ in range(4):
            process, name = processes.start("one", 1)
            assert name == "one"
            kill(process)
    finally:
        reader.kill()
        reader.wait()


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff" * 65536,
        b"\x00\x10\x00\x00" + b"\x07" * 4092,
        b"\x40\x00\x00\x00",
        b"\x00\x10\x00\x00\x00\x00\x00\x00" + b"\xe4\xff\xff\xff" * 1022,
        b"\x00\x10\x00\x00" + bytes(4092),
    ],
)
def test_a_file_that_cannot_be_read_begins_anew(processes: Processes, damage: bytes) -> None:
    kill(processes.start("one", 3)[0])
    kill(processes.start("other", 1)[0])
    (processes.folder / "counter_one.db").write_bytes(damage)
    assert not storage.is_readable(processes.folder / "counter_one.db")
    processes.start("one", 2)
    assert processes.values()["said_total", "a"] == 3
    assert processes.values()["took_seconds_count",] == 6


def test_where_nothing_can_be_written_a_process_runs_on(processes: Processes) -> None:
    processes.folder.write_text("this is not a folder")
    process, name = processes.start("one", 2)
    assert name == ""
    assert process.poll() is None


def test_a_full_disk_is_noticed_before_anything_is_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert storage.begin(tmp_path, "one") == ""
    assert "No space left" in caplog.text
    assert not list(tmp_path.glob("*.db"))


def test_the_real_metrics_fit_into_a_file_with_all_their_labels(tmp_path: Path) -> None:
    code = """
from proj.metrics import definitions as d
import consumers.interface.transport.server as server
for code in [*server.COUNTED_CLOSE_CODES, "other"]: d.CLOSES.labels(str(code)).inc()
for code in range(25): d.REFUSALS.labels(f"a_long_code_{code}").inc()
for channel in range(10):
    for metric in (d.UNREADABLE, d.WORKER_BATCHES, d.WORKER_ITEMS, d.WORKER_FAILURES, d.WORKER_SET_ASIDE):
        metric.labels(f"a-channel-{channel}").inc()
"""
    settings = tmp_path / "metrics_settings.py"
    settings.write_text(
        f"from proj.settings import *\nfrom pathlib import Path\nMETRICS_FOLDER = Path({str(tmp_path)!r})\n"
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "metrics_settings",
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "SUPERVISOR_PROCESS_NAME": "interface_0",
    }
    command = [sys.executable, "-c", f"import django; django.setup()\n{code}"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=30)
    used = {file.name: int.from_bytes(file.read_bytes()[:4], sys.byteorder) for file in tmp_path.glob("*.db")}
    assert len(used) == 3
    assert max(used.values()) < storage.METRICS_FILE_BYTES / 2, used
    wait_for(lambda: {file.stat().st_size for file in tmp_path.glob("*.db")} == {storage.METRICS_FILE_BYTES})
    shutil.rmtree(tmp_path)
