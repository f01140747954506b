"""A worker's runs, with real launchers."""

from collections.abc import Iterator

import pytest

from proj.runs.running import settling
from proj.runs.running.runner import Runner


@pytest.fixture
def runner(_own_folders: None) -> Iterator[Runner]:
    """A worker's runs. The fixture ends the launchers that a test leaves running."""
    runner = Runner(16, lambda run: settling.settle(run.pk))
    yield runner
    runner.let_go()
    for process in runner._left:
        process.terminate()
        process.wait(20)
