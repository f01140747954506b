"""A worker's runs, with real launchers."""

from collections.abc import Iterator

import pytest

from proj.runs.running import cleanup
from proj.runs.running.runner import Runner


@pytest.fixture
def runner(_own_folders: None) -> Iterator[Runner]:
    """A worker's runs. The fixture ends the launchers that a test leaves running."""
    runner = Runner(16, lambda run: cleanup.clean_up(run.pk))
    yield runner
    runner.release()
    for process in runner._detached:
        process.terminate()
        process.wait(20)
