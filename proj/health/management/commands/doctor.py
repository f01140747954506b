"""`manage.py doctor`: check every station of a message's path, and print a remedy for each fault."""

import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from proj.health.report import Finding, State, Walk, examine, exit_code
from proj.health.steps import STEPS

WORDS = {State.GREEN: "ok", State.YELLOW: "warning", State.RED: "RED", State.UNSEEN: "unseen"}
PAUSE_SECONDS = 1.0  # between two walks while waiting
MAX_WAIT_SECONDS = 86_400


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= MAX_WAIT_SECONDS:
        raise ArgumentTypeError(f"a number of seconds from 0 to {MAX_WAIT_SECONDS}")
    return value


LASTING = {step.name for step in STEPS if step.lasting}
# Workers of faulty code wait for its correction, so their step is red as long.
CAUSED = {"channels workers", "channels turns"}


def lasting(findings: list[Finding]) -> bool:
    """Return whether waiting is in vain: nothing is red or unseen but faults that only a person mends."""
    wrong = {finding.step for finding in findings if finding.state in (State.RED, State.UNSEEN)}
    return bool(wrong & LASTING) and wrong <= LASTING | CAUSED


class Command(BaseCommand):
    """Exit status: 0 green (warnings too), 1 a step is red, 2 a step could not be checked."""

    help = (
        "Check every station of a message's path and print for each the result and the remedy: settings, directories, "
        "disk, database, programs, Redis, both layers, workers, and through nginx a page, a WebSocket and a message "
        "there and back. Exit status: 0 green (a warning is no failure), 1 red, 2 a step could not be checked."
    )
    requires_system_checks = []  # they are the doctor's first step, so that their failure is reported as well

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a list of {step, state, saw, advice, ms}")
        parser.add_argument(
            "--wait",
            type=seconds,
            default=0.0,
            metavar="SECONDS",
            help="repeat until green, for at most SECONDS; print changes",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        quiet = options["json"]
        walk, until = Walk(), time.monotonic() + options["wait"]
        known: dict[str, State] = {}
        while True:
            findings = []
            for finding in self.walk(walk):
                findings.append(finding)
                if not quiet and known.get(finding.step) != finding.state:
                    self.show(finding)
                    known[finding.step] = finding.state
            code = exit_code(findings)
            if code == 0 or lasting(findings) or time.monotonic() + PAUSE_SECONDS > until:
                break
            time.sleep(PAUSE_SECONDS)
        if quiet:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=1, ensure_ascii=False))
        else:
            self.conclude(findings, code)
        if code:
            raise SystemExit(code)

    def walk(self, walk: Walk) -> Iterator[Finding]:
        close_old_connections()  # the database may have restarted since the last walk
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
        self.stdout.write(f"Red: {names}." if code == 1 else f"Not checked: {names}.")
