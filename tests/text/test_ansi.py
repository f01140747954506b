"""Lines of a terminal become spans, links and text, and never markup of their own."""

import json
from pathlib import Path
from typing import Any

import pytest

from proj.text import ansi
from proj.text.cells import follow, settled
from proj.text.pen import Pen
from tests.text import rules

HERE = Path(__file__).parent
CASES = json.loads((HERE / "cases.json").read_text())
NEAREST = (
    '<span class="ansi-ink-11">a</span><span class="ansi-ink-4">b</span><span class="ansi-ink-4 ansi-paper-7">c</span>'
)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_line_reads_as_in_a_terminal(case: dict[str, Any]) -> None:
    pen = Pen()
    follow(case.get("pen", ""), pen)
    line = settled(case["input"], pen)
    assert {"\x1b"} >= {char for char in ansi.harmless(line) if ord(char) < 32 and char != "\t"}
    if "html" in case:
        assert ansi.shown(line) == case["html"]
    if "plain" in case:
        assert ansi.plain(line) == case["plain"]
    if "plain_length" in case:
        assert len(ansi.plain(line)) == case["plain_length"]
    if "after" in case:
        assert pen.opening() == case["after"]
    assert settled(line, Pen()) == line, "a settled line stays as it is"


def test_the_browsers_tests_have_the_rules_of_the_server() -> None:
    assert rules.FILE.read_text() == rules.current(), "write them: python -m tests.text.rules"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("\x1b[31mred\x1b[0m <", '<span class="ansi-ink-1">red</span> &lt;'),
        ("\x1b[1;97;44ma\x1b[22;39m", '<span class="ansi-bold ansi-ink-15 ansi-paper-4">a</span>'),
        ("\x1b[31ma\nb", '<span class="ansi-ink-1">a\nb</span>'),
        ("\x1b[38;5;208ma\x1b[38;2;0;0;90mb\x1b[48;5;250mc", NEAREST),
        ("a\x1b[2Kb\nc\rd", " b\nd"),
        ("\x1b[31mx\ra\nb\x1b[m", '<span class="ansi-ink-1">a</span>\n<span class="ansi-ink-1">b</span>'),
        ("\x1b[1m<i>" * 2001, "&lt;i&gt;" * 2001),
    ],
)
def test_the_lines_of_a_message_read_as_in_a_terminal(text: str, html: str) -> None:
    assert ansi.spans(text) == html


def test_a_sequence_ends_with_its_line() -> None:
    assert ansi.plain("a\x1b[31mb\x1b]0;title\nc\x1b]0;x\x07d") == "ab0;title\ncd"
