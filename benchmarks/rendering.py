"""`python -m benchmarks.rendering CHECKOUT`: the CPU of rendering here, as ratios to that of another checkout.

Both render the same texts in turns, each in a process of its own, so that other work of the machine affects both. A
ratio is the median of all turns. Messages are rendered as they are stored, and lines of a run's output as HTML.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.host import ROOT

TURN_MICROSECONDS = 3_000  # of CPU, of one side
TEXTS = {
    "message": {
        "no marks": "The deploy of web1 is done, all checks are green now and the queue is empty again.",
        "no marks, three lines": "The deploy of web1 is done\nall checks are green\nand the queue is empty again.",
        "no marks, Chinese": "部署已经完成，所有检查都通过了，队列也空了。",
        "few marks": "The deploy of **web1** is done, see `journalctl -u web1` for the rest.",
        "a list": "Done:\n- restarted `web1`\n- cleared the **cache**",
        "an address": "see https://example.com/docs/runbook?x=1 for the steps",
        "a link": "[runbook](https://example.com/docs/runbook) has the steps",
        "a mention": "@alice can you look at the deploy of web1?",
        "a mention and code": "@bob please run `systemctl restart web1` on the host",
    },
    "output": {
        "a plain line": "2026-11-20 12:00:01 web1 deploy: step 17 of 42 done in 1.2 s",
        "a coloured line": "\x1b[32mok\x1b[0m: [web1] \x1b[1;33mchanged\x1b[0m: step 17 of 42",
    },
}
# Run in each checkout: reads one JSON array [kind, text, repetitions] a line, and answers with nanoseconds of CPU.
SIDE = """
import gc, importlib, json, sys, time
sys.path.insert(0, ".")

def first(*names):
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue

import django, os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
os.environ.setdefault("SIGNALBOX_SECRET_KEY", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_")
django.setup()
markup = first("proj.rooms.text.markup", "proj.rooms.markup")
shown = first("proj.runs.output.rendering", "proj.runs.shown")
people = {"alice", "bob"}

def message(text):
    rendered = markup.render(text)
    if rendered.mentions and hasattr(rendered, "settled"):
        rendered.settled(people, {})

def output(text):
    return shown.Line(1, shown.text(text)).html

for line in sys.stdin:
    kind, text, count = json.loads(line)
    render, given = (output, text.encode()) if kind == "output" else (message, text)
    gc.collect()
    begun = time.process_time_ns()
    for _ in range(count):
        render(given)
    print(time.process_time_ns() - begun, flush=True)
"""


class Side:
    """The process that renders in one checkout."""

    def __init__(self, checkout: Path) -> None:
        command = ["nice", "-n", "19", sys.executable, "-c", SIDE]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=checkout, stdin=pipe, stdout=pipe, text=True, bufsize=1)

    def microseconds(self, kind: str, text: str, count: int) -> float:
        """Render `text` so often; return the CPU of one rendering."""
        if not self._process.stdin or not self._process.stdout:
            raise AssertionError("both are pipes")
        self._process.stdin.write(json.dumps([kind, text, count]) + "\n")
        return int(self._process.stdout.readline()) / count / 1_000

    def end(self) -> None:
        self._process.communicate()


def compare(before: Side, after: Side, kind: str, text: str, turns: int) -> tuple[list[float], list[float]]:
    """Return the microseconds of both sides for each turn; every other turn begins with the other side."""
    count = max(10, int(TURN_MICROSECONDS / before.microseconds(kind, text, 100)))
    after.microseconds(kind, text, 100)
    times: dict[Side, list[float]] = {before: [], after: []}
    for turn in range(turns):
        for side in (before, after) if turn % 2 else (after, before):
            times[side].append(side.microseconds(kind, text, count))
    return times[before], times[after]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rendering", description=__doc__)
    parser.add_argument("checkout", type=Path, help="the other checkout, with a .venv of its own or the same one")
    parser.add_argument("--turns", type=int, default=60, help="how often each text is measured (60)")
    args = parser.parse_args()
    before, after = Side(args.checkout), Side(ROOT)
    print(f"{'':30} before µs   here µs   ratio")
    for kind, texts in TEXTS.items():
        for name, text in texts.items():
            one, other = compare(before, after, kind, text, args.turns)
            ratio = statistics.median(b / a for a, b in zip(one, other, strict=True))
            print(f"{kind + ': ' + name:30} {min(one):9.2f} {min(other):9.2f} {ratio:7.3f}")
    before.end()
    after.end()


if __name__ == "__main__":
    main()
