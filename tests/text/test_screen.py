"""Output that goes back to earlier lines ends as a terminal shows it, and lines keep their numbers."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proj.text import ansi
from proj.text.cells import MAX_LINE_CHARACTERS
from proj.text.screen import Screen

CASES = json.loads(Path(__file__).with_name("screens.json").read_text())


def screen(text: str) -> Screen:
    """Return the screen behind these lines."""
    found = Screen()
    for number, line in enumerate(text.split("\n"), 1):
        found.line(number, line)
    return found


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_lines_end_as_in_a_terminal(case: dict[str, Any]) -> None:
    shown = screen(case["input"]).shown()
    assert sorted(shown) == list(range(1, case["input"].count("\n") + 2))
    texts = [shown[number] for number in sorted(shown)]
    if "lines" in case:
        assert [None if text is None else ansi.plain(text) for text in texts] == case["lines"]
    if "html" in case:
        assert [None if text is None else ansi.shown(text) for text in texts] == case["html"]


@pytest.mark.parametrize(
    "lines",
    [
        ["a"] * 120 + ["\x1b[A" * 8_000],
        ["a"] * 120 + ["\x1b[A\x1b[B" * 4_000],
        ["x" * 8_000] * 100 + ["\x1b[99Ab\x1b[Bc" * 2_000],
        ["x" * 8_000] * 100 + ["\x1b[50A\x1b[Kx"] * 5_000,
        ["x" * 8_000] * 3 + ["\x1b[A\x1b[1J" * 8_000],
        ["a"] * 100 + ["\x1b[A\x1b[J"] * 4_000,
        ["a"] * 100 + ["\x1bM" * 8_000 + "\x1bD" * 8_000 + "\x1bE" * 8_000],
        ["看" * 3_900] * 20 + ["\x1b[A看\x1b[3Cx" * 1_000],
        ["\x1b[9999A\x1b[9999Bx" * 2_000] * 5,
        ["a", "\x1b[A\x1b[Kb"] * 3_000,
        ["x\x1b[A\x1b[B"] * 5_000,
    ],
    ids=["up", "up-and-down", "long-rows", "redrawn", "erased", "below", "index", "wide", "far", "hidden", "many-rows"],
)
@pytest.mark.parametrize("whole", [True, False])
def test_hostile_movements_cost_little(lines: list[str], whole: bool) -> None:
    moved = Screen(whole=whole)
    steps = 0

    def count(*_: object) -> Callable[..., Any]:
        nonlocal steps
        steps += 1
        return count

    sys.settrace(count)
    try:
        for number, line in enumerate(lines, 1):
            moved.line(number, line)
        moved.shown()
    finally:
        sys.settrace(None)
    assert steps < 150 * sum(map(len, lines))  # of Python; a quadratic screen takes thousands
    assert all(len(text or "") <= MAX_LINE_CHARACTERS + 1 for text in moved.shown().values())
