"""`manage.py bring_over PATH`: print the lines of Channels 1.x code to change, and everything that stands in the way.

The command belongs to an app that is always installed, so that it is there before any routing is named.
"""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from channels_legacy.bring_over import printing
from channels_legacy.bring_over.report import Report
from channels_legacy.bring_over.survey import survey
from channels_legacy.bring_over.tree import Unreadable
from channels_legacy.bring_over.writing import write


class Command(BaseCommand):
    """Exit status: 0 nothing is in the way, 1 something is to do, 2 the path cannot be read or written."""

    help = (
        "Read a tree of code for Channels 1.x, without importing it. Print the import lines to change, and everything "
        "else that stands in the way (docs/channels1.md). Exit status: 0 nothing is in the way, 1 something is to do, "
        "2 the path cannot be read or written."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, metavar="PATH", help="a folder of code, or one Python file")
        parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
        parser.add_argument("--write", action="store_true", help="change the import lines, after a question")
        parser.add_argument("--yes", action="store_true", help="with --write: do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["path"].expanduser()
        try:
            report = survey(path)
            written = self.written(report, options) if options["write"] else []
            if written:
                report, done = survey(path), len(report.changes)
        except Unreadable as error:
            raise CommandError(str(error), returncode=2) from None
        except OSError as error:
            raise CommandError(f"cannot write {error.filename}: {error.strerror}", returncode=2) from None
        if options["json"]:
            self.stdout.write(json.dumps(printing.as_json(report, written), indent=1))
        else:
            if written:
                self.stdout.write(f"{done} lines changed in {len(written)} files.")
            for line in printing.lines(report):
                self.stdout.write(line)
        if report.uses_channels and (report.changes or report.to_do):
            raise SystemExit(1)

    def written(self, report: Report, options: dict[str, Any]) -> list[str]:
        """Write the changes when a person agrees, or `--yes` is there; return the paths of the files written."""
        if not report.changes:
            return []
        if not options["yes"]:
            if not sys.stdin.isatty() or options["json"]:
                raise CommandError("--write asks before it changes files: add --yes", returncode=2)
            question = f"Change {len(report.changes)} lines in {len(report.texts)} files of {report.root}? [y/N] "
            if input(question).strip().lower() not in ("y", "yes"):
                return []
        return write(report)
