"""`manage.py run SERVICE name=value...`: starts a run from the host, and follows it with --follow."""

import json
import math
import sys
import time
from argparse import ArgumentTypeError
from typing import Any
from uuid import UUID

from django.core.management import BaseCommand, CommandError, CommandParser

from proj.runs import actions
from proj.runs.choices import Origin
from proj.runs.models import Run, Service
from proj.runs.output import reading
from proj.runs.publishing import frames
from proj.runs.refusals import Refused
from proj.runs.states import ENDED, State

FOLLOW_PERIOD_SECONDS = 0.1  # between two polls for more output
QUEUED_NOTICE_SECONDS = 2.0  # until a notice says that the run waits
WRITE_BYTES = 1 << 18  # at once
RunName = UUID | tuple[str, int]
# exit statuses as in the shell: timeout(1) ends with 124, a command that Ctrl+C ended with 130
STATUS = {State.SUCCEEDED: 0, State.TIMED_OUT: 124, State.LOST: 125, State.CANCELED: 130}


def run_name(text: str) -> RunName:
    """Return a run's id, or its service's uid and its number, from `web1#17`."""
    service, mark, number = text.rpartition("#")
    if mark and number.isdecimal():
        return service.strip(), int(number)
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"no run is called {text!r}; its id, or web1#17") from None


class Command(BaseCommand):
    """Exit status: 0; with --follow that of the run: its command's, 124 timed out, 125 lost, 130 canceled."""

    help = (
        "Start a run of SERVICE, as the host itself. With --follow its output goes to standard output, byte for byte, "
        "and this ends with the run's exit status (128 + n when signal n ended it, 124 when it timed out, 125 when it "
        "was lost, 130 when it was canceled). Ctrl+C stops following; the run goes on."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("service", nargs="?", metavar="SERVICE", help="its uid; manage.py services lists them")
        parser.add_argument("values", nargs="*", metavar="name=value", help="its parameters")
        parser.add_argument("--follow", action="store_true", help="show its output, and wait for its end")
        parser.add_argument(
            "--cancel", metavar="RUN", type=run_name, help="end this run, an id or web1#17, instead of starting one"
        )
        parser.add_argument("--json", action="store_true", help="print the run's state as JSON, not its id")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["cancel"]:
                run = self.canceled(options["cancel"])
            else:
                run = self.started(options["service"], options["values"])
        except Refused as refused:
            raise CommandError(f"{refused.detail} ({refused.code})") from None
        if not options["follow"]:
            self.report(run, as_json=options["json"])
            return
        try:
            self.follow(run)
        except KeyboardInterrupt:
            self.stderr.write(f"\n{run} goes on. To end it: manage.py run --cancel {run.pk}")
            sys.exit(130)
        except BrokenPipeError:
            sys.exit(141)  # the reader of the pipe is gone
        ended = Run.objects.select_related("service", "person").get(pk=run.pk)
        if options["json"]:
            self.stderr.write(json.dumps(frames.state(ended)), lambda text: text)
        else:
            self.stderr.write(f"{ended} {ended.state}. {ended.reason}".rstrip(), lambda text: text)
        sys.exit(status(ended))

    def started(self, uid: str | None, values: list[str]) -> Run:
        if not uid:
            raise CommandError("Which service? manage.py services lists them.")
        service = Service.objects.filter(uid=uid).first()
        if service is None:
            raise CommandError(f"There is no service {uid}; manage.py services lists them.")
        return actions.start(service, None, actions.named(values), origin=Origin.COMMAND)

    def canceled(self, name: RunName) -> Run:
        if isinstance(name, UUID):
            run = Run.objects.filter(pk=name).first()
        else:
            run = Run.objects.filter(service__uid=name[0], number=name[1]).first()
        if run is None:
            called = name if isinstance(name, UUID) else "{}#{}".format(*name)
            raise CommandError(f"There is no run {called}; manage.py runs lists them.")
        return actions.cancel(run, None)

    def report(self, run: Run, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(frames.state(run)))
        else:
            self.stdout.write(f"{run.pk}")
            ending = run.state == State.RUNNING and run.cancel_requested_at is not None
            self.stderr.write(f"{run} is {'being ended' if ending else run.state}.", lambda text: text)

    def follow(self, run: Run) -> None:
        """Write the run's output until the run has ended and all of it is written."""
        out = sys.stdout.buffer
        offset = 0
        notice_at = time.monotonic() + QUEUED_NOTICE_SECONDS
        while True:
            # The state before the output: when the run has ended, all of the output is stored.
            state = Run.objects.values_list("state", flat=True).get(pk=run.pk)
            data, offset = reading.after(run, offset, WRITE_BYTES)
            while data:
                out.write(data)
                data, offset = reading.after(run, offset, WRITE_BYTES)
            out.flush()
            if state in ENDED:
                return
            if state == State.QUEUED and time.monotonic() > notice_at:
                notice_at = math.inf
                self.stderr.write(
                    f"{run} waits: other runs, or no worker (manage.py runs --active).", lambda text: text
                )
            time.sleep(FOLLOW_PERIOD_SECONDS)


def status(run: Run) -> int:
    """Return the exit status for a run's end."""
    if run.state == State.FAILED:
        return 128 + run.signal if run.signal else run.exit_code or 1
    return STATUS[State(run.state)]
