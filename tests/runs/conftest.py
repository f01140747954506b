"""Services to run, made as an administrator would make them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proj.runs.models import Service

Make = Callable[..., Service]


@pytest.fixture(autouse=True)
def _own_folders(settings: Any, tmp_path: Path) -> None:
    settings.RUNS = tmp_path / "runs"
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def make(db: None) -> Make:
    """Make a service from its uid, its command, and the fields that differ from the defaults."""

    def make(uid: str = "web1", command: list[str] | None = None, **fields: Any) -> Service:
        fields = {"name": uid, "run_by": "everyone"} | fields
        service = Service(uid=uid, command=command or ["true"], **fields)
        service.full_clean()
        service.save()
        return service

    return make
