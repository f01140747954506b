"""The names that bring_over lets pass can be imported from channels_legacy, all of them."""

import importlib

import pytest

from channels_legacy.bring_over.names import KEPT_NAMES, missing


@pytest.mark.parametrize("module", sorted(KEPT_NAMES))
def test_a_kept_name_can_be_imported(module: str) -> None:
    found = importlib.import_module(f"channels_legacy.{module}".rstrip("."))
    assert [name for name in sorted(KEPT_NAMES[module]) if not hasattr(found, name)] == []


def test_a_lost_name_is_named() -> None:
    assert missing("test", "ChannelLiveServerTestCase") is not None
