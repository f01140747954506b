"""Open sockets are checked again when people may have lost a service."""

import pytest

from proj.accounts.models import User
from proj.runs import signals
from tests.runs.conftest import Make

pytestmark = pytest.mark.django_db


def test_closing_a_service_or_taking_somebody_off_its_list_has_sockets_looked_at(
    make: Make, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(signals, "changed", lambda: sent.append(1))
    service = make(run_by="listed", seen_by="listed")
    service.runners.add(alice)
    assert not sent
    service.runners.remove(alice)
    assert len(sent) == 1
    service.save()
    assert len(sent) == 2
