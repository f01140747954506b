"""`manage.py cancelqueued`: cancels all queued runs."""

from typing import Any

from django.core.management import BaseCommand

from proj.runs import actions
from proj.runs.models import Run
from proj.runs.refusals import AlreadyOver


class Command(BaseCommand):
    help = "Cancel every run that is queued. To be run after a backup was restored: what waited then was run since."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        for run in Run.objects.queued().select_related("service"):
            try:
                actions.cancel(run, None)
            except AlreadyOver:
                continue
            count += 1
        self.stdout.write(f"{count} queued runs canceled")
