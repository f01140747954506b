"""`benchmarks/run`: measure the cost of Signalbox beside its peers, on this machine."""

import argparse
import datetime
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import tools
from benchmarks.host import VAR, Trouble, free_port
from benchmarks.report import report
from benchmarks.runner import measure
from benchmarks.scenarios import SCENARIOS
from benchmarks.systems import SYSTEMS, System

# the values of a sample that the progress line shows
BRIEF: tuple[str, ...] = (
    "cpu_us",
    "behind_nginx_us",
    "deliveries_s",
    "lost",
    "doubled",
    "out_of_order",
    "connections_s",
    "kb_per_socket",
    "failed",
)
BRIEF += ("back_s", "missing", "growth_mb", "end_growth_mb")


def names(known: dict[str, Any]) -> Any:
    """Return an argument type: some of the `known` names, comma separated."""

    def parse(text: str) -> list[str]:
        found = [name.strip() for name in text.split(",") if name.strip()]
        unknown = [name for name in found if name not in known]
        if unknown or not found:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown) or 'nothing'}: known are {', '.join(known)}")
        return list(dict.fromkeys(found))

    return parse


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks/run",
        description="Measure Signalbox, the stock Channels chat, socket.io and nchan in one run, taking turns.",
        epilog="Scenarios: " + "; ".join(f"{name}: {each['title']}" for name, each in SCENARIOS.items()),
    )
    parser.add_argument("--repeats", type=positive, default=3, help="how often each is measured (3)")
    parser.add_argument("--scenarios", type=names(SCENARIOS), default=list(SCENARIOS), help="comma separated (all)")
    parser.add_argument(
        "--systems", type=names(SYSTEMS), default=None, help=f"of {', '.join(SYSTEMS)} (those that can run here)"
    )
    parser.add_argument("--interfaces", type=positive, default=1, help="processes that hold sockets (1)")
    parser.add_argument("--seconds", type=float, default=None, help="of measuring, instead of each scenario's own")
    parser.add_argument("--out", type=Path, default=None, help="the markdown file; samples go to .json beside it")
    return parser.parse_args()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def available(wanted: list[str] | None) -> list[System]:
    """Return the systems that can run here; report the others on standard error."""
    found = []
    for name in wanted or list(SYSTEMS):
        reason = SYSTEMS[name].missing()
        if reason:
            say(f"without {name}: {reason}")
        else:
            found.append(SYSTEMS[name])
    if not found:
        raise Trouble("no system is left to measure")
    return found


def able(systems: list[System], scenario: Mapping[str, Any]) -> list[System]:
    """Return the systems that can run a scenario."""
    return [system for system in systems if system.name in scenario.get("systems", SYSTEMS)]


def brief(sample: dict[str, Any]) -> str:
    """Return a sample in a few words, for the progress line."""
    if "error" in sample:
        return f"FAILED: {sample['error']}"
    sample = sample.get("with", sample)
    words = [f"{name} {sample[name]}" for name in BRIEF if name in sample]
    if "latency_ms" in sample:
        words.append(f"p99 {sample['latency_ms']['p99']} ms")
    return ", ".join(words)


def run(options: argparse.Namespace) -> None:
    VAR.mkdir(parents=True, exist_ok=True)
    say("preparing")
    tools.environment()
    systems = available(options.systems)
    port = free_port()
    cookies = {system.name: system.prepare(port) for system in systems}
    scenarios = {name: dict(SCENARIOS[name]) for name in options.scenarios}
    for name, scenario in scenarios.items():
        if not able(systems, scenario):
            say(f"without {name}: it runs on {', '.join(scenario['systems'])}")
        if options.seconds is not None and "seconds" in scenario:
            scenario["seconds"] = options.seconds
    today = datetime.datetime.now(datetime.UTC)
    found: dict[str, Any] = {
        "date": f"{today:%Y-%m-%d}",
        "arguments": " ".join(sys.argv[1:]),
        "repeats": options.repeats,
        "interfaces": options.interfaces,
        "machine": tools.machine(),
        "load": f"{os.getloadavg()[0]:.2f}",
        "systems": {system.name: {"title": system.title, "version": system.version()} for system in systems},
        "scenarios": scenarios,
        "samples": [],
    }
    out: Path = options.out or VAR / "results" / f"{today:%Y-%m-%d-%H%M%S}.md"
    out.parent.mkdir(parents=True, exist_ok=True)
    # The systems take turns, so that other work of this machine affects all of them.
    for repeat in range(options.repeats):
        for name, scenario in scenarios.items():
            for system in able(systems, scenario):
                sample = measure(
                    system, scenario, port=port, cookies=cookies[system.name], interfaces=options.interfaces
                )
                say(f"{repeat + 1}/{options.repeats} {name} {system.name}: {brief(sample)}")
                found["samples"].append({"scenario": name, "system": system.name, "repeat": repeat, "sample": sample})
                out.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")
    page = report(found)
    out.write_text(page)
    print(page)
    say(f"written to {out} and {out.with_suffix('.json').name}")


def main() -> None:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("benchmarks: ended"))  # the exit stops the started processes
    try:
        run(options)
    except Trouble as error:
        sys.exit(f"benchmarks: {error}")
    except KeyboardInterrupt:
        sys.exit("benchmarks: interrupted")


if __name__ == "__main__":
    main()
