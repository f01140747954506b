"""The lines of a message keep their ends and their indentation, with marks as without."""

import pytest

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
