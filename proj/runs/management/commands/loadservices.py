"""`manage.py loadservices FILE.toml`: makes and changes services as a file says."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from proj.runs import loading


class Command(BaseCommand):
    """Exit status: 0 done, 1 refused with a sentence (nothing was changed)."""

    help = "Make and change services as a TOML file says (docs/runs.md). Services that are not in it stay as they are."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.toml")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        parser.add_argument("--json", action="store_true", help='print [{"uid", "outcome", "differs"}, ...] instead')

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = loading.load(options["file"], dry_run=options["dry_run"])
        except loading.BadFile as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in loaded]))
            return
        for one in loaded:
            self.stdout.write(f"{one.outcome}: {one.uid}")
            if one.outcome == "changed":
                for name, (before, after) in one.differs.items():
                    self.stdout.write(f"  {name}: {before!r} -> {after!r}")
        if options["dry_run"]:
            self.stdout.write("Nothing was changed: --dry-run.")
