"""Escape sequences of terminals become spans or nothing, and never markup of their own."""

import pytest

from proj.text import ansi


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("\x1b[31mred\x1b[0m <", '<span class="ansi-ink-1">red</span> &lt;'),
        ("\x1b[1;97;44ma\x1b[22;39m", '<span class="ansi-bold ansi-ink-15 ansi-paper-4">a</span>'),
        ("\x1b[97;44m\x1b[39mb", '<span class="ansi-paper-4">b</span>'),
        ("\x1b[38;5;9ma\x1b[38;2;1;31;4mb\x1b[mc", '<span class="ansi-ink-9">a</span>bc'),
        ("\x1b[2Ka\x1b]0;title\x07b\x1b[?25lc\x1b[", "abc"),
        ('\x1b[31"onclick="x"m', "nclick=&quot;x&quot;m"),
        ("\x1b]8;;javascript:x\x1b\\y", "y"),
        ("\x1b[31m\x1b[0m", ""),
        ("\x1b[1m<i>" * 2001, "&lt;i&gt;" * 2001),
    ],
)
def test_colours_of_a_terminal(text: str, html: str) -> None:
    assert ansi.spans(text) == html


def test_a_string_without_end_hides_nothing_from_a_harmless_line() -> None:
    assert ansi.harmless("a\x1b]0;title\x07b\x1b]0;c\x00\u202ed\x1b[31me") == "ab0;c\\u202ed\x1b[31me"


def test_a_sequence_ends_with_its_line_where_lines_are_counted() -> None:
    assert ansi.plain_lines("a\x1b[31mb\x1b]0;title\nc\x1b]0;x\x07d") == "ab\ncd"
