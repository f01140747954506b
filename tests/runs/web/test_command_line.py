"""The words of `/run`: quotes of a shell, and quotes as phones and input methods write them."""

import random
import shlex

import pytest

from proj.runs.web import command_line
from proj.runs.web.command_line import NotClosed


@pytest.mark.parametrize(
    "quotes", ["“”", "„“", "„”", "””", "‟”", "〝〞", "«»", "»«", "‹›", "「」", "『』", "‘’", "‚‘", "’’", '""', "''"]
)
def test_quotes_of_every_script_hold_a_value_together(quotes: str) -> None:
    line = f"echo a={quotes[0]}hello world{quotes[1]} b={quotes[0]}x{quotes[1]} {quotes[0]}c=y z{quotes[1]}"
    assert command_line.words(line) == ["echo", "a=hello world", "b=x", "c=y z"]


@pytest.mark.parametrize("quote", ["＂", "＇"])
def test_full_width_quotes_do_so_too(quote: str) -> None:
    assert command_line.words(f"echo a={quote}hello world{quote}") == ["echo", "a=hello world"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("echo a=it's b=it’s", ["echo", "a=it's", "b=it’s"]),
        ("echo a='it's fine'", ["echo", "a=it's fine"]),
        ("echo a=‘it’s fine’", ["echo", "a=it’s fine"]),
        ("echo a=“it’s 'fine'”", ["echo", "a=it’s 'fine'"]),
        ('echo a="he said “hi there”"', ["echo", "a=he said “hi there”"]),
        ('echo a=“hello world"', ["echo", "a=hello world"]),
        ("echo size=6”", ["echo", "size=6”"]),
        ("echo a＝“x y” b=c＝d", ["echo", "a=x y", "b=c＝d"]),
        ("echo　a=1\u00a0b=2", ["echo", "a=1", "b=2"]),
        (r"echo a=“say \”x\” now” b=x\ y", ["echo", "a=say ”x” now", "b=x y"]),
        ("echo a=“” b=''", ["echo", "a=", "b="]),
        ("  ", []),
    ],
)
def test_the_words_of_a_line(line: str, words: list[str]) -> None:
    assert command_line.words(line) == words


@pytest.mark.parametrize("line", ["a=“x", "a='x", 'a="x', "a=「x", "a=x\\", "'"])
def test_a_quote_that_is_not_closed_is_refused(line: str) -> None:
    with pytest.raises(NotClosed):
        command_line.words(line)


def test_the_rest_is_as_in_a_shell() -> None:
    chance = random.Random(9)
    for _ in range(3000):
        line = "".join(chance.choices("a=\"\\ \n'.-", k=chance.randrange(14)))
        if "a'a" in line:
            continue
        try:
            expected: list[str] | None = shlex.split(line)
        except ValueError:
            expected = None
        try:
            found: list[str] | None = command_line.words(line)
        except NotClosed:
            found = None
        assert found == expected, line
