"""Leadership among clocks: one leads at a time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from proj.runs.models import Lead
from proj.runs.upkeep import leadership

pytestmark = pytest.mark.django_db


def test_one_clock_leads_until_it_resigns_or_falls_silent() -> None:
    assert leadership.claim("a")
    assert not leadership.claim("b")
    assert leadership.claim("a")
    leadership.resign("a")
    assert leadership.claim("b")
    Lead.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert leadership.claim("a")
    assert not leadership.claim("b")
