"""`manage.py doctor`: is everything well, and if not, what is to be done."""

import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from proj.health.report import Finding, State, Walk, examine, exit_code

WORDS = {State.GREEN: "ok", State.YELLOW: "warning", State.RED: "RED", State.UNSEEN: "unseen"}
PAUSE = 1.0  # seconds between two walks while waiting


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 86_400:
        raise ArgumentTypeError("a number of seconds from 0 to 86400")
    return value


class Command(BaseCommand):
    """Exit status: 0 green (warnings too), 1 something is red, 2 something could not be looked at."""

    help = (
        "Walk the path that a message takes and say for each step what was seen and what to do: settings, directories, "
        "disk, database, programs, Redis, both layers, workers, and through nginx a page, a WebSocket and a message "
        "there and back. Exit status: 0 green (a warning is no failure), 1 red, 2 could not look."
    )
    requires_system_checks = []  # they are its first step, and a report even when they fail

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a list of {step, state, saw, advice, ms}")
        parser.add_argument(
            "--wait",
            type=seconds,
            default=0.0,
            metavar="SECONDS",
            help="repeat until green, at most so long; print changes",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        quiet = options["json"]
        walk, until = Walk(), time.monotonic() + options["wait"]
        known: dict[str, State] = {}
        while True:
            findings = []
            for finding in self.look(walk):
                findings.append(finding)
                if not quiet and known.get(finding.step) != finding.state:
                    self.show(finding)
                    known[finding.step] = finding.state
            code = exit_code(findings)
            if code == 0 or time.monotonic() + PAUSE > until:
                break
            time.sleep(PAUSE)
        if quiet:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=1, ensure_ascii=False))
        else:
            self.conclude(findings, code)
        if code:
            raise SystemExit(code)

    def look(self, walk: Walk) -> Iterator[Finding]:
        from proj.health.steps import STEPS  # loads the layers and the rooms

        close_old_connections()  # the database may have been away since the last walk
        yield from examine(STEPS, walk)

    def show(self, finding: Finding) -> None:
        paint = {
            State.GREEN: self.style.SUCCESS,
            State.YELLOW: self.style.WARNING,
            State.RED: self.style.ERROR,
            State.UNSEEN: self.style.NOTICE,
        }[finding.state]
        self.stdout.write(
            f"{paint(f'{WORDS[finding.state]:<8}')}{finding.step:<32}{finding.ms:>7.0f} ms  {finding.saw}"
        )
        if finding.advice:
            self.stdout.write(f"{'':<8}{'':<32}{'':>10}  -> {finding.advice}")
        self.stdout.flush()

    def conclude(self, findings: list[Finding], code: int) -> None:
        if code == 0:
            warned = sum(finding.state is State.YELLOW for finding in findings)
            self.stdout.write("All is well." if not warned else f"All works; warnings: {warned}.")
            return
        wrong = State.RED if code == 1 else State.UNSEEN
        names = ", ".join(finding.step for finding in findings if finding.state is wrong)
        self.stdout.write(f"Red: {names}." if code == 1 else f"Could not look at: {names}.")
