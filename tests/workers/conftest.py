"""Services and folders, as the tests of runs have them, and a worker's runs."""

from collections.abc import Iterator

import pytest

from proj.runs.running import settling
from proj.runs.running.runner import Runner
from tests.runs.conftest import _own_folders, make  # noqa: F401 - fixtures


@pytest.fixture
def runner(_own_folders: None) -> Iterator[Runner]:  # noqa: F811 - it comes after that one
    """A worker's runs. Whatever a test leaves running is ended."""
    runner = Runner(16, lambda run: settling.settle(run.pk))
    yield runner
    runner.let_go()
    for process in runner._left:
        process.terminate()
        process.wait(20)
