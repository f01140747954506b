"""The benchmarks fit the code that they measure: names that their scripts import exist, and their consumers answer."""

import ast
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from benchmarks import shell
from benchmarks.client.protocols import PROTOCOLS
from benchmarks.report import report
from benchmarks.scenarios import SCENARIOS
from benchmarks.systems import SYSTEMS
from channels_legacy.asgi import ChannelLayerWrapper, channel_layers
from channels_legacy.layers.memory import InMemoryLayer
from channels_legacy.test import WSClient

SCRIPTS = {name: text for name, text in vars(shell).items() if name.isupper() and isinstance(text, str)}
CHANNELS1_CODE = {name: scenario for name, scenario in SCENARIOS.items() if "routing" in scenario}
TEXT = "~00000001~xx"


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_imports_names_that_exist(name: str) -> None:
    text = SCRIPTS[name]
    if "{{" in text or "{id}" in text:
        text = text.format(count=1, pause=0, id="")
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    assert imports
    for node in imports:
        module = import_module(node.module or "")
        for alias in node.names:
            if not hasattr(module, alias.name):
                import_module(f"{node.module}.{alias.name}")


@pytest.fixture
def alone() -> Iterator[None]:
    """Put a layer in memory under the alias `default`."""
    former = channel_layers.backends.get("default")
    yield
    channel_layers.set("default", former)


def client(scenario: dict[str, Any], path: str) -> WSClient:
    if "default" not in channel_layers.backends:
        channel_layers.set("default", ChannelLayerWrapper(InMemoryLayer(), "default", scenario["routing"]))
    socket = WSClient()
    socket.send_and_consume("websocket.connect", {"headers": []}, path=path)
    return socket


@pytest.mark.parametrize("name", CHANNELS1_CODE)
def test_channels1_consumers_return_a_text_to_all_sockets_of_a_room(alone: None, name: str) -> None:
    scenario = CHANNELS1_CODE[name]
    protocol = PROTOCOLS[scenario["protocol"]]()
    path = protocol.path("bench-0")
    sockets = [client(scenario, path) for _ in range(min(2, scenario["per_room"]))]
    elsewhere = client(scenario, protocol.path("bench-1"))
    for _ in range(2):
        sockets[0].send_and_consume("websocket.receive", text=protocol.post(TEXT).decode(), path=path)
        assert [socket.receive(json=False) for socket in sockets] == [TEXT] * len(sockets)
        assert elsewhere.receive() is None


def test_every_scenario_is_for_systems_and_a_protocol_that_exist() -> None:
    for scenario in SCENARIOS.values():
        assert set(scenario.get("systems", [])) <= set(SYSTEMS)
        assert scenario.get("protocol", "stock") in PROTOCOLS
        assert scenario.get("beside", "room") in SCENARIOS


def sample(behind_nginx_us: float, lost: int) -> dict[str, Any]:
    return {
        "cpu_us": behind_nginx_us + 10,
        "behind_nginx_us": behind_nginx_us,
        "cpu_us_by": {"interface": behind_nginx_us, "nginx": 10},
        "cpu_share": {"interface": 0.5},
        "client_share": 0.1,
        "machine_cores": 1.0,
        "deliveries_s": 2000,
        "latency_ms": {"p50": 1, "p95": 2, "p99": 3, "max": 4},
        "lost": lost,
        "doubled": 0,
        "out_of_order": 0,
    }


def run(*samples: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "date": "2026-11-28",
        "repeats": 1,
        "arguments": "",
        "interfaces": 1,
        "load": "0",
        "machine": {},
        "systems": {"signalbox": {"title": "Signalbox", "version": "1"}},
        "scenarios": {name: SCENARIOS[name] for name, _ in samples},
        "samples": [{"scenario": name, "system": "signalbox", "sample": one} for name, one in samples],
    }


def cells(page: str, scenario: str, title: str) -> dict[str, str]:
    """Return the cells of a row by heading."""
    section = page.partition(f"## {scenario}\n")[2].partition("\n## ")[0].splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in section if line.startswith("|")]
    row = next(row for row in table if row[0] == title)
    return dict(zip(table[0], row, strict=True))


def test_the_report_has_channels1_beside_the_chat_and_beside_the_original() -> None:
    page = report(run(("room", sample(25, 0)), ("channels1-group", sample(36.9, 3))))
    ours = cells(page, "channels1-group", "Signalbox")
    assert ours["CPU µs per delivery, without nginx"] == "36.9"
    assert (ours["to the chat"], ours["Channels 1.x itself"], ours["to Channels 1.x"]) == ("1.48", "739", "0.050")
    assert ours["lost / doubled / out of order"] == "3 / 0 / 0"
    assert ours["of which, and nginx"] == "interface 36.9, nginx 10.0"
    chat = cells(page, "channels1-group", "its own chat, `room`")
    assert (chat["CPU µs per delivery, without nginx"], chat["to Channels 1.x"]) == ("25.0", "-")
    assert "27 % of the deliveries lost" in page


def test_the_report_has_no_ratio_without_the_chats_own_scenario() -> None:
    page = report(run(("channels1-echo", sample(250, 0))))
    assert cells(page, "channels1-echo", "Signalbox")["to the chat"] == "-"
