"""Output that goes back to earlier lines ends as a terminal shows it, and lines keep their numbers."""

import json
from pathlib import Path
from typing import Any

import pytest

from proj.text import ansi
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
