"""A block of code shows every text that stands beside its fences; only the name of a language is none."""

from html import unescape

import pytest

from proj.rooms.text.markup import render
from proj.rooms.text.plain import plain


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```kubectl get pods\nNAME READY\nweb1 1/1```", "kubectl get pods\nNAME READY\nweb1 1/1"),
        ("```NAME   READY\nweb-1  1/1\n```", "NAME   READY\nweb-1  1/1"),
        ("```READY\n1/1\n```", "READY\n1/1"),
        ("```192.168.0.1 web1\n```", "192.168.0.1 web1"),
        ("```kubectl get pods", "kubectl get pods"),
        ("```bash", "bash"),
        ("```bash ls\nx\n```", "bash ls\nx"),
        ("```echo `date`\nSat\n```", "echo `date`\nSat"),
        ("~~~NAME  READY\nweb-1\n~~~", "NAME  READY\nweb-1"),
        ("```a\n``` b\nc\n```", "a\n``` b\nc"),
        ("````\n```\n````", "```"),
        ("```\nnot closed", "not closed"),
    ],
)
def test_text_beside_a_fence_is_the_first_or_last_line_of_the_code(text: str, code: str) -> None:
    html = render(text).html
    assert unescape(html) == f"<pre><code>{code}</code></pre>"
    assert plain(text, html) == code


@pytest.mark.parametrize("language", ["bash", "C++", "yaml", "Dockerfile", "objective-c", "text", " sh "])
def test_the_name_of_a_language_is_no_code(language: str) -> None:
    for text in (f"```{language}\nx\n```", f"```{language}\nx```"):
        assert render(text).html == f'<pre data-language="{language.strip()}"><code>x</code></pre>'


def test_text_goes_on_behind_a_fence_at_the_end_of_a_line() -> None:
    assert render("```a\nb```\n**c**").html == "<pre><code>a\nb</code></pre><p><strong>c</strong></p>"


def test_fences_stand_in_lists_and_quotes() -> None:
    assert (
        render("- a\n  ```get pods\n  b\n   c```\n- d").html
        == "<ul><li>a<pre><code>get pods\nb\n c</code></pre></li><li>d</li></ul>"
    )
    assert render("> ```get\n> b\n> ```\nc").html == "<blockquote><pre><code>get\nb</code></pre></blockquote><p>c</p>"


def test_a_fence_that_ends_in_its_own_line_is_a_code_span() -> None:
    assert render("```get pods```").html == "<p><code>get pods</code></p>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("log: ```\nx\n  y\n``` more", "<p>log: <code>x\n  y</code> more</p>"),
        ("log: ```sh\nx\n```\nthen *y*", "<p>log: <code>sh\nx</code>\nthen <em>y</em></p>"),
        ("> log: ```\n> x\n> ```", "<blockquote><p>log: <code>x</code></p></blockquote>"),
        ("log: ```\nx\n```\n```\ny\n```", "<p>log: <code>x</code></p><pre><code>y</code></pre>"),
        ("I use ``` for code\n```\nx\n```", "<p>I use ``` for code</p><pre><code>x</code></pre>"),
        ("log: `\n```\nx\n```", "<p>log: `</p><pre><code>x</code></pre>"),
    ],
)
def test_a_fence_that_opens_behind_text_is_closed_by_the_next_one(text: str, html: str) -> None:
    assert render(text).html == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("```\nx\n``` more *text*\nand more", "<pre><code>x</code></pre><p>more <em>text</em>\nand more</p>"),
        ("```bash\nx\n```done\n- a", '<pre data-language="bash"><code>x</code></pre><p>done</p><ul><li>a</li></ul>'),
        ("> ~~~\n> x\n> ~~~ done", "<blockquote><pre><code>x</code></pre><p>done</p></blockquote>"),
        ("- ```\n  x\n  ``` done\n- y", "<ul><li><pre><code>x</code></pre>done</li><li>y</li></ul>"),
        ("```\na\n```bash\nb", "<pre><code>a\n```bash\nb</code></pre>"),
        ("```\na\n``` b\nc\n``` d", "<pre><code>a\n``` b\nc\n``` d</code></pre>"),
    ],
)
def test_the_only_fence_that_could_close_a_block_does_so_before_text(text: str, html: str) -> None:
    assert render(text).html == html
