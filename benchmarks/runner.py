"""One measurement: start a system, run the load client against it, stop it."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from typing import Any

from benchmarks import tools
from benchmarks.client.clocks import family
from benchmarks.host import ROOT, Host, Trouble
from benchmarks.systems import System

SCENE_TIMEOUT_SECONDS = 240.0
RESTART_SECONDS = 0.2  # until a supervisor has started a process again


def measure(
    system: System, scenario: Mapping[str, Any], *, port: int, cookies: list[str], interfaces: int
) -> dict[str, Any]:
    """Return the sample of one scene, or `{"error": reason}`."""
    with Host(system.name, port) as host:
        try:
            system.start(host, scenario, interfaces)
            time.sleep(1.0)  # the first work of each process is done
            job = {
                "url": f"http://127.0.0.1:{port}",
                "protocol": scenario.get("protocol", system.name),
                "cookies": cookies,
                "processes": host.pids(),
                "group": system.group,
                "scenario": dict(scenario),
            }
            sample = _perform(host, system, job)
        except Trouble as error:
            return {"error": str(error)}
        died = host.died()
        return sample | ({"died": died} if died else {})


def _perform(host: Host, system: System, job: Mapping[str, Any]) -> dict[str, Any]:
    log = (host.folder / "client.log").open("wb")
    client = subprocess.Popen(
        [str(tools.PYTHON), "-m", "benchmarks.client"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    watchdog = threading.Timer(SCENE_TIMEOUT_SECONDS, client.kill)
    watchdog.start()
    killed = 0.0
    result: dict[str, Any] | None = None
    try:
        assert client.stdin is not None  # noqa: S101 - for the type checker
        assert client.stdout is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError), client.stdin:
            json.dump(job, client.stdin)
        for line in client.stdout:
            report = json.loads(line)
            if report.get("event") == "ready":
                killed = kill(host, system)
            result = report.get("result", result)
    finally:
        watchdog.cancel()
        end(client.pid)
        client.wait()
        log.close()
    if result is None:
        raise Trouble(f"the load client failed: {(host.folder / 'client.log').read_text()[-1000:]}")
    if killed and "error" not in result:
        result["back_s"] = round(result.pop("back_at") - killed, 2)
        result["hearing_s"] = round(result.pop("hearing_at") - killed, 2)
    return result


def kill(host: Host, system: System) -> float:
    """Kill the first process that holds sockets with -9, and start it again as a supervisor does; return the time."""
    program = next(program for program in host.programs if program.group == system.group)
    killed = time.monotonic()
    end(program.process.pid)
    program.process.wait()
    host.start_again(program, RESTART_SECONDS)
    return killed


def end(pid: int) -> None:
    """Kill one of our processes, which was not waited for yet, and its descendants with -9."""
    for each in list(family(pid)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
