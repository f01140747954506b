"""`python -m benchmarks.runs [starts] [crowd] [loud] [seen]`: the cost of runs, alone and for the chat beside them."""

import argparse
import contextlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import seen, shell, tools
from benchmarks.host import ROOT, VAR, Host, Trouble, clean_environment, free_port
from benchmarks.runner import end
from benchmarks.systems import Signalbox, checked

WORKERS = 2
CHAT = {
    "title": "One room of 50 members, 40 messages a second",
    "scene": "steady",
    "members": 50,
    "per_room": 50,
    "senders": 5,
    "rate": 40.0,
    "warm": 2.0,
    "seconds": 14.0,
}
LOUD = """
import os, time
begun, line = time.monotonic(), 0
for tenth in range(100):
    block = b"".join(b"line %09d of an ordinary length, as tools go\\n" % (line + n + 1) for n in range(20_000))
    line += 20_000
    os.write(1, block)
    time.sleep(max(0.0, begun + (tenth + 1) / 10 - time.monotonic()))
"""
SERVICES = """
[hello]
command = ["echo", "hello"]
concurrency = 100

[marked]
command = ["sh", "-c", "echo $SIGNALBOX_RUN >>$0", "{folder}/ran"]
concurrency = 64
when_busy = "queue"

[loud]
command = ["python3", "{folder}/loud.py"]
"""


class WithRuns(Signalbox):
    """The same copy of Signalbox, with two interface processes and the run workers."""

    def prepare(self, port: int) -> list[str]:
        cookies = super().prepare(port)
        folder = self.root / "var"
        (folder / "loud.py").write_text(LOUD)
        (folder / "services.toml").write_text(SERVICES.format(folder=folder))
        self.manage("loadservices", str(folder / "services.toml"))
        shutil.copy2(self.database, self.prepared)
        return cookies

    def start(self, host: Host, scenario: Mapping[str, Any], interfaces: int) -> None:
        super().start(host, scenario, interfaces)
        for number in range(WORKERS):
            own = {"PYTHONUNBUFFERED": "1", "SUPERVISOR_PROCESS_NAME": f"worker-runs_{number}"}
            host.start("runs", self.root / "deploy" / "worker.sh", "runs", folder=self.root, environment=own)

    def command(self, *words: str) -> list[str]:
        """Return the command line of a command of manage.py."""
        return [str(self.root / ".venv/bin/python"), "manage.py", *words]

    def manage(self, *words: str) -> str:
        return checked(self.command(*words), self.root, {})

    def ask(self, code: str) -> Any:
        return json.loads(self.manage("shell", "-c", code).rpartition("out:")[2])


def peak(pid: int) -> float:
    """Return the peak memory of a process, in MB."""
    found = re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return round(int(found[0]) / 1024, 1)


def spread(values: list[float]) -> dict[str, float]:
    """Return quantiles in milliseconds of a list of seconds."""
    ordered = sorted(values)
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(1000 * ordered[round(share * (len(ordered) - 1))], 1) for name, share in at.items()}


@contextlib.contextmanager
def running(command: list[str], folder: Path) -> "Iterator[subprocess.Popen[str]]":
    """Start a process that reads and writes lines; kill it at the end."""
    log = (VAR / "runs.log").open("ab")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        bufsize=1,  # line by line
    )
    try:
        yield process
    finally:
        end(process.pid)
        process.wait()
        log.close()


@contextlib.contextmanager
def client(module: str, job: Mapping[str, Any]) -> "Iterator[subprocess.Popen[str]]":
    """Start a process of the load client, and send it its job."""
    with running([str(tools.PYTHON), "-m", module], ROOT) as process:
        say(process, json.dumps(job))
        yield process


def say(process: "subprocess.Popen[str]", line: str) -> None:
    """Write a line to the process."""
    assert process.stdin is not None  # noqa: S101 - for the type checker
    process.stdin.write(line + "\n")


def hear(process: "subprocess.Popen[str]", name: str) -> dict[str, Any]:
    """Return the next line with the event or the key `name`. Raise Trouble when the process ends before."""
    assert process.stdout is not None  # noqa: S101 - for the type checker
    for line in process.stdout:
        report: dict[str, Any] = json.loads(line)
        if name in report or report.get("event") == name:
            return report
    raise Trouble(f"a process of the benchmark failed; see {VAR / 'runs.log'}")


class Measuring:
    """One running system, and the measurements on it."""

    def __init__(self, system: WithRuns, host: Host, cookies: list[str]) -> None:
        self.system, self.host, self.cookies = system, host, cookies
        self.url = f"http://127.0.0.1:{host.port}"

    def viewers(self, path: str, *, fast: int, slow: int, until: str) -> dict[str, Any]:
        job = {"url": self.url, "cookies": self.cookies, "path": path, "fast": fast, "slow": slow}
        return job | {"until": until, "seconds": 90.0}

    def starts(self) -> dict[str, Any]:
        """Measure from the commit of the queued row to the claim, to the command, and to a viewer's first output."""
        with client(
            "benchmarks.client.viewers", self.viewers("/ws/deploy/hello/", fast=1, slow=0, until="stdin")
        ) as one:
            hear(one, "watching")
            found = self.system.ask(shell.ONE_BY_ONE.format(count=100, pause=0.25))
            assert one.stdin is not None  # noqa: S101 - for the type checker
            one.stdin.close()
            first = hear(one, "result")["result"][0]["first"]
        return {
            "claimed_ms": spread([claimed - committed for committed, claimed, _ in found.values()]),
            "running_ms": spread([started - committed for committed, _, started in found.values()]),
            "first_output_ms": spread([first[id] - times[0] for id, times in found.items() if id in first]),
            "not_seen": len(found.keys() - first.keys()),
        }

    def crowd(self) -> dict[str, Any]:
        """Queue 2,000 runs at once; each must run once."""
        found = self.system.ask(shell.ALTOGETHER.format(count=2000))
        ran = (self.system.root / "var" / "ran").read_text().split()
        return {
            "seconds": round(found["seconds"], 1),
            "succeeded": found["succeeded"],
            "twice_or_never": len(ran) - len(set(ran)) + len(set(ran) ^ set(found["ids"])),
            "worker_peak_mb": self.peaks("runs"),
        }

    def loud(self) -> dict[str, Any]:
        """Print 100 MB in ten seconds, with ten viewers, beside a chat."""
        without = self.chat()
        watching = self.viewers("/ws/deploy/loud/", fast=8, slow=2, until="end")
        with (
            running(self.system.command("shell", "-v0", "-c", shell.START), self.system.root) as starter,
            client("benchmarks.client.viewers", watching) as viewers,
        ):
            hear(starter, "ready")
            hear(viewers, "watching")
            beside = self.chat(starter)
            run = hear(starter, "run")["run"]
            seen = hear(viewers, "result")
        for one in seen["result"]:
            del one["first"]
        lines = self.system.ask(shell.LINES.format(id=run))
        return {
            "chat_without": without,
            "chat_beside": beside,
            "p99_ratio": round(beside["latency_ms"]["p99"] / without["latency_ms"]["p99"], 2),
            "viewers": seen["result"],
            "viewers_done_s": seen["seconds"],
            "lines": lines,
            "worker_peak_mb": self.peaks("runs"),
            "interface_peak_mb": self.peaks("interface"),
        }

    def chat(self, starter: "subprocess.Popen[str] | None" = None) -> dict[str, Any]:
        """Return the chat client's figures. `starter` gets a line when the client has begun."""
        job = {"url": self.url, "protocol": "signalbox", "cookies": self.cookies, "processes": self.host.pids()}
        with client("benchmarks.client", job | {"group": "interface", "scenario": CHAT}) as people:
            assert people.stdin is not None  # noqa: S101 - for the type checker
            people.stdin.close()
            hear(people, "speaking")
            if starter is not None:
                say(starter, "now")
            result: dict[str, Any] = hear(people, "result")["result"]
        if "error" in result:
            raise Trouble(result["error"])
        names = ("messages", "lost", "doubled", "latency_ms", "cpu_share", "client_share", "machine_cores")
        return {name: result[name] for name in names}

    def peaks(self, group: str) -> list[float]:
        return [peak(pid) for pid in self.host.pids()[group]]


def seen_in_a_browser() -> dict[str, Any]:
    """Return the result of seen.measured() in milliseconds."""
    found = seen.measured()
    return {name: spread(one) if isinstance(one, list) else one for name, one in found.items()}


PARTS = {"starts": Measuring.starts, "crowd": Measuring.crowd, "loud": Measuring.loud}
NAMES = (*PARTS, "seen")


def measured(name: str, system: WithRuns, port: int, cookies: list[str]) -> dict[str, Any]:
    """Return the figures of the part `name` of PARTS."""
    with Host(system.name, port) as host:
        system.start(host, {}, interfaces=2)
        time.sleep(3.0)  # the first work of each process is done
        found = PARTS[name](Measuring(system, host, cookies))
        if died := host.died():
            found["died"] = died
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runs", description="Measure the cost of runs.")
    parser.add_argument("part", nargs="*", help=f"of {', '.join(NAMES)} (all)")
    parser.add_argument("--out", type=Path, help="write the result to this file, as JSON")
    options = parser.parse_args()
    if unknown := set(options.part) - set(NAMES):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    VAR.mkdir(parents=True, exist_ok=True)
    tools.environment()
    system, port = WithRuns(), free_port()
    cookies = system.prepare(port)
    found: dict[str, Any] = {"commit": system.version()}
    for name in options.part or NAMES:
        if name == "seen":  # on a stack of its own
            found[name] = seen_in_a_browser()
        else:
            found[name] = measured(name, system, port, cookies)
        print(json.dumps({name: found[name]}, indent=1), flush=True)
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except Trouble as error:
        sys.exit(f"benchmarks/runs: {error}")
