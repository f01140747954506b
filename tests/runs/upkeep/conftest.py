"""Ended runs, made as the tests of sweeps and retention need them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from proj.runs import actions
from proj.runs.models import Run, Service
from proj.runs.states import State

Ended = Callable[[Service, int], Run]


@pytest.fixture
def ended(db: None) -> Ended:
    """Make a run of a service that ended so many days ago, and is archived."""

    def ended(service: Service, days: int) -> Run:
        run = actions.start(service, None, {})
        Run.objects.filter(pk=run.pk).update(
            state=State.SUCCEEDED,
            settled=True,
            created_at=timezone.now() - timedelta(days=days),
            ended_at=timezone.now() - timedelta(days=days),
        )
        return run

    return ended
