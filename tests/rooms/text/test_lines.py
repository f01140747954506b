"""The lines of a message keep their ends and their indentation, with marks as without."""

import random
import re

import pytest
from markdown_it import MarkdownIt
from markdown_it.rules_inline import autolink, backtick, emphasis, escape, link, newline, strikethrough

from proj.rooms.text import parser
from proj.rooms.text.lines import LineParser
from proj.rooms.text.markup import render
from proj.rooms.text.plain import plain


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("services:\n  web: **x**\n    image: a", "<p>services:\n  web: <strong>x</strong>\n    image: a</p>"),
        ("  a *x*\n\tb", "<p>  a <em>x</em>\n\tb</p>"),
        ("*a*\n\n    b\n  c", "<p><em>a</em></p><p>    b\n  c</p>"),
        ("> a:\n>   b: *x*\n>     c", "<blockquote><p>a:\n  b: <em>x</em>\n    c</p></blockquote>"),
        ("- a *x*\n  b\n    c\nd", "<ul><li>a <em>x</em>\nb\n  c</li></ul><p>d</p>"),
        ("kubectl apply \\\n  -f *x* \\\n  -n y", "<p>kubectl apply \\\n  -f <em>x</em> \\\n  -n y</p>"),
        ("see `a:\n  b`", "<p>see <code>a:\n  b</code></p>"),
        ("see ```\na:\n  b```", "<p>see <code>a:\n  b</code></p>"),
    ],
)
def test_indentation_survives_marks(text: str, html: str) -> None:
    assert render(text).html == html


def test_indentation_is_in_the_text_of_search_results() -> None:
    text = "services:\n  web: **x**\n    image: a"
    assert plain(text, render(text).html) == "services:\n  web: x\n    image: a"


def test_rules_that_are_asked_at_their_characters_find_as_much_as_rules_that_are_always_asked() -> None:
    ours, library = MarkdownIt("zero"), MarkdownIt("zero")
    emphasised = (emphasis.tokenize,)
    ours.inline = LineParser(
        {"*": emphasised, "_": emphasised, "~": (strikethrough.tokenize,), "`": (backtick,), "\\": (escape,)}
        | {"[": (link,), "<": (autolink,), "\n": (newline,)}
    )
    for each in (ours, library):
        each.configure("zero")
        each.enable(["emphasis", "strikethrough", "backticks", "escape", "link", "autolink", "newline"])
    dice = random.Random(11)
    parts = [
        "*",
        "**",
        "_",
        "~~",
        "~",
        "`",
        "``",
        "\\",
        "[",
        "](",
        "](https://a.b)",
        ")",
        "<https://a.b>",
        "a",
        " ",
        "\n",
    ]
    for _ in range(2_000):
        text = "".join(dice.choices(parts, k=12))
        assert ours.render(text) == library.render(text), text
    assert ours.render("[" * 300 + "a" + "](b)" * 300) == library.render("[" * 300 + "a" + "](b)" * 300)


def test_a_single_line_is_read_as_the_parser_of_blocks_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(13)
    parts = [
        "-",
        "+",
        "*",
        "1.",
        ">",
        "```",
        "~~~",
        "|",
        "#ops",
        "@bob",
        "**b**",
        "`c`",
        "[x](https://a.b)",
        " ",
        "\t",
        "a",
    ]
    never = re.compile("(?!)")
    for _ in range(2_000):
        text = "".join(dice.choices(parts, k=dice.randint(1, 6)))
        shown = render(text)
        with monkeypatch.context() as patch:
            patch.setattr(parser, "_ONE_PARAGRAPH", never)
            assert render(text) == shown, text
