"""A message becomes text: readable, with every word that the page shows, and without its marks."""

import random
from html.parser import HTMLParser

import pytest

from proj.rooms.text import parser
from proj.rooms.text.markup import render
from proj.rooms.text.plain import plain
from tests.rooms.text.test_markup import PIECES


def read(text: str, *, whole: bool = False) -> str:
    return plain(text, render(text).html, whole=whole)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nothing but text * _ <b> &amp;", "nothing but text * _ <b> &amp;"),
        ("**bold** _soft_ ~~gone~~ `a ** b`", "bold soft gone a ** b"),
        ("a\\*b **c** &lt;", "a*b c &lt;"),
        ("[words](https://e.org/p) ![a picture](https://e.org/p.png)", "words a picture"),
        ("so! **https://e.org/p**!", "so! https://e.org/p!"),
        ("> one\n> two\n\nthree", "“one\ntwo”\nthree"),
        ("> > *deep*\n\n> high", "““deep””\n“high”"),
        ("so:\n\n1. one\n2. two\n   - three\n   - four\n\nend", "so:\n1. one\n2. two\n  • three\n  • four\nend"),
        ("4. one\n\n   more\n5. two", "4. one\nmore\n5. two"),
        ("> - quoted", "“• quoted”"),
        ("```sh\n$ a **b**\n\n  <c>\n```\nend", "$ a **b**\n\n  <c>\nend"),
        ("```\n\x1b[31mred\x1b[0m\n```\n*\x1b[1mbold\x1b[0m*", "red\nbold"),
        ("@bob :tada: *now*", "@bob 🎉 now"),
    ],
)
def test_it_reads_as_it_looks(text: str, shown: str) -> None:
    assert read(text) == shown


def test_hidden_parts_can_be_read_too() -> None:
    text = '[a "b"](https://e.org/?a=1&b=2) https://e.org/ :tada:\n```sh\nls\n```'
    assert read(text, whole=True) == 'a "b" (https://e.org/?a=1&b=2) https://e.org/ 🎉 (:tada:)\nsh\nls'


class Words(HTMLParser):
    """The text of HTML, as a browser shows it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said = ""
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.said += data


def letters(text: str) -> list[str]:
    return list(filter(str.isalpha, text))


def test_no_word_of_any_text_is_lost_or_added() -> None:
    dice = random.Random(7)
    sequences = ("\x1b[31m", "\x1b]0;")  # are removed from the text, and tested above
    pieces = [piece for piece in PIECES if piece not in sequences]
    texts = ("".join(dice.choices(pieces, k=40)) for _ in range(1000))
    rendered = [(text, html) for text in texts if (html := render(text).html)]
    assert len(rendered) > 100
    for text, html in rendered:
        assert letters(plain(text, html)) == letters(Words(html).said), text


def test_reading_a_message_never_parses_its_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "**bold** https://e.org/p"
    html = render(text).html

    def parse(_: str) -> None:
        raise AssertionError("the parser was called")

    monkeypatch.setattr(parser, "tokens", parse)
    assert plain(text, html) == plain(text, html, whole=True) == "bold https://e.org/p"
    assert plain("no marks", "") == "no marks"
