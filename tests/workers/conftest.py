"""Services and folders, as the tests of runs have them."""

from tests.runs.conftest import _own_folders, make  # noqa: F401 - fixtures
