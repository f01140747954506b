"""Without a routing of Channels 1.x code nothing of it is loaded; an interface process loads no team's code at all."""

import os
import subprocess
import sys

import pytest

LOADED = """
import sys
import proj.asgi
print(" ".join(name for name in sys.modules if name.startswith({packages!r})))
"""
PARTS = ("channels_legacy", "consumers.interface.turns", "consumers.sockets.legacy", "consumers.workers.legacy", "team")


def loaded(packages: tuple[str, ...], **environment: str) -> list[str]:
    code = LOADED.format(packages=packages)
    found = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, check=True, capture_output=True, text=True
    )
    return found.stdout.split()


def test_without_a_routing_nothing_of_it_is_loaded() -> None:
    assert loaded(PARTS, SIGNALBOX_CHANNEL_ROUTING="") == []


@pytest.mark.parametrize("package", ["channels_legacy", "consumers.workers.legacy", "team"])
def test_an_interface_process_loads_no_code_of_a_team(package: str) -> None:
    routing = {"SIGNALBOX_CHANNEL_ROUTING": "team.routing.channel_routing", "SIGNALBOX_ROLE": "interface"}
    assert loaded((package,), **routing) == []
    assert "consumers.interface.turns.turns" in loaded(("consumers.interface.turns",), **routing)
