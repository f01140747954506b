"""`python -m benchmarks.pages [CHECKOUT]`: the CPU and the queries of each page, also beside those of another checkout.

Each checkout fills a database of its own with the same rows (side.py) in a temporary folder, with production settings.
Both serve a page in turns, so that other work of the machine affects both. A figure is the median of all turns.
"""

import argparse
import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client.clocks import Processes
from benchmarks.host import ROOT, answers, clean_environment, wait_until
from benchmarks.pages.side import PAGES, WITHOUT_SESSION

REQUESTS_PER_TURN = 3
WARM_REQUESTS = 5
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Turn:
    """Some requests of a page: the milliseconds of CPU of each, and the queries and the bytes of one."""

    times: Sequence[float]
    status: int
    queries: int | None = None
    size: int = 0


class Side:
    """A process that serves the pages of one checkout by itself."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.checkout, self.folder = checkout.resolve(), folder
        command = [sys.executable, str(HERE / "side.py"), str(folder)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, cwd=checkout, env=self.environment, stdin=pipe, stdout=pipe, text=True, bufsize=1
        )
        if self._line() != "ready\n":
            raise SystemExit(f"the pages of {checkout} could not be prepared")

    @property
    def environment(self) -> dict[str, str]:
        return clean_environment(
            DJANGO_SETTINGS_MODULE="proj.settings",
            SIGNALBOX_SECRET_KEY="benchmark-" * 8,
            SIGNALBOX_URLS="http://localhost:8080",
            SIGNALBOX_SEARCHES_PER_MINUTE="1000000",  # a limit, so that searches are counted
            DATABASE_URL=f"sqlite:///{self.folder}/signalbox.sqlite3",
            REDIS_URL=f"unix://{self.folder}/no-redis.sock",
            BENCHMARK_FOLDER=str(self.folder),
        )

    def turn(self, page: str, count: int) -> Turn:
        if not self._process.stdin:
            raise AssertionError("it is a pipe")
        self._process.stdin.write(json.dumps([page, count]) + "\n")
        answer = json.loads(self._line())
        times = [nanoseconds / 1e6 for nanoseconds in answer["times"]]
        return Turn(times, answer["status"], answer["queries"], answer["bytes"])

    def memory(self) -> int:
        """Return the bytes of memory of the process."""
        return Processes({"web": [self._process.pid]}).memory()["web"]

    def end(self) -> None:
        self._process.communicate()

    def _line(self) -> str:
        if not self._process.stdout:
            raise AssertionError("it is a pipe")
        return self._process.stdout.readline()


class Uwsgi:
    """The same pages from a uwsgi with one worker, as HTTP: the CPU includes that of uwsgi."""

    def __init__(self, side: Side) -> None:
        self._path = side.folder / "web.sock"
        self._cookie = (side.folder / "cookie").read_text()
        options = ["--master", "--lazy-apps", "--enable-threads", "--need-app", "--disable-logging"]
        options += ["--processes", "1", "--buffer-size", "65535", "--max-vars", "4000"]
        options += ["--http-socket", str(self._path), "--pythonpath", str(side.checkout)]
        options += ["--wsgi-file", str(HERE / "wsgi.py")]
        with (side.folder / "uwsgi.log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(ROOT / ".venv" / "bin" / "uwsgi"), *options],
                cwd=side.checkout,
                env=side.environment,
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: answers(self._path), 60, f"uwsgi listens, see {side.folder}/uwsgi.log")
        self.turn("sign-in", 1)  # the worker has loaded the application then

    def turn(self, page: str, count: int) -> Turn:
        processes = Processes({"web": [self._process.pid]})
        status, size = 0, 0
        begun = processes.cpu()["web"]
        for _ in range(count):
            status, size = self._get(page)
        return Turn([(processes.cpu()["web"] - begun) / count * 1e3], status, None, size)

    def memory(self) -> int:
        """Return the bytes of memory of master and worker."""
        return Processes({"web": [self._process.pid]}).memory()["web"]

    def end(self) -> None:
        self._process.kill()
        self._process.wait()

    def _get(self, page: str) -> tuple[int, int]:
        connection = http.client.HTTPConnection("localhost:8080")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self._path))
        headers = {"Accept": "text/html", "Accept-Language": "en-US,en;q=0.9", "User-Agent": "Chrome/150.0.0.0"}
        cookie = {} if page in WITHOUT_SESSION else {"Cookie": self._cookie}
        connection.request("GET", PAGES[page], headers=headers | cookie)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, len(body)


Served = Side | Uwsgi


def measured(sides: Mapping[str, Served], page: str, turns: int) -> dict[str, list[Turn]]:
    """Return the turns of each side. Every other turn begins with the other side."""
    for side in sides.values():
        side.turn(page, WARM_REQUESTS)
    found: dict[str, list[Turn]] = {name: [] for name in sides}
    for turn in range(turns):
        for name in sorted(sides, reverse=bool(turn % 2)):
            found[name].append(sides[name].turn(page, REQUESTS_PER_TURN))
    return found


def row(page: str, found: Mapping[str, list[Turn]]) -> str:
    """Return the line of a page. The ratio is the median of the ratios of all turns."""
    cells = [f"| {page}"]
    for turns in found.values():
        last = turns[-1]
        times = [time for turn in turns for time in turn.times]
        queries = "" if last.queries is None else str(last.queries)
        cells.append(
            f"{statistics.median(times):.1f} | {queries}" if last.status == 200 else f"status {last.status} | "
        )
    cells.append(str(found["here"][-1].size))
    if "before" in found:
        pairs = zip(found["before"], found["here"], strict=True)
        ratios = [statistics.median(here.times) / statistics.median(before.times) for before, here in pairs]
        cells.append(f"{statistics.median(ratios):.2f}")
    return " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument(
        "checkout", type=Path, nargs="?", help="another checkout, with the same .venv or one of its own"
    )
    parser.add_argument("--turns", type=int, default=20, help=f"of {REQUESTS_PER_TURN} requests of each page (20)")
    parser.add_argument("--pages", default=",".join(PAGES), help="some pages, by name")
    parser.add_argument("--uwsgi", action="store_true", help="ask a whole uwsgi with one worker, not the application")
    args = parser.parse_args()
    checkouts = {"here": ROOT} if args.checkout is None else {"before": args.checkout, "here": ROOT}
    with ExitStack() as stack:
        sides: dict[str, Served] = {}
        for name, checkout in checkouts.items():
            side = Side(checkout, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sb-pages-"))))
            stack.callback(side.end)
            sides[name] = side
            if args.uwsgi:
                sides[name] = Uwsgi(side)
                stack.callback(sides[name].end)
        print("| page | " + "".join(f"{name} ms | queries | " for name in sides) + "bytes | ratio |")
        for page in args.pages.split(","):
            print(row(page, measured(sides, page, args.turns)), flush=True)
        for name, served in sides.items():
            print(f"memory, {name}: {served.memory() / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
