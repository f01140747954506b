"""Every text of a message becomes the HTML of docs/protocol.md and nothing else."""

import random
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from proj.rooms.text import emoji, markup
from proj.rooms.text.markup import render
from proj.rooms.text.plain import plain

LINK = 'target="_blank" rel="noopener noreferrer nofollow ugc"'
# docs/protocol.md: every allowed element and attribute
ALLOWED = re.compile(
    r"</?(p|ul|ol|li|em|strong|s|blockquote|pre|code|a|span|div|table|thead|tbody|tr|th|td|label|input)"
    r'( (class|title|href|target|rel|start|data-language|tabindex|type|disabled|checked)="[^"<>]*")*>'
)
PIECES = [
    *"*_`[]()<>@:\\#&|\t\n\"'",
    *[
        "a",
        "b ",
        "**",
        "~~",
        "```",
        "](",
        "~~~",
        "![",
        "- ",
        "- [ ] ",
        "- [x] ",
        "a|b\n-|-\n",
        "+ ",
        "1. ",
        "> ",
        "//",
        "http://x.y",
        "mailto:",
        "/admin/",
    ],
    *[
        "@bob",
        "#ops",
        "web1#17",
        ":tada:",
        "\x1b[31m",
        "\x1b]0;",
        "\u202e",
        "&lt;",
        "javascript:",
        "data:",
        "vbscript:",
        "<script>",
    ],
    *["</p>", "<img src=x onerror=alert(1)>"],
]


@pytest.mark.parametrize(
    "text",
    [
        "good morning",
        "two\nlines\n\nand a third",
        "2 * 3 * 4 and snake_case_name and C:\\dir",
        "at 12:30:45 it was :not_an_emoji:",
        "# no heading",
        "a@b.example is no mention",
        "<b>no</b> &amp; no",
        "-",
        "ftp://files.example.org javascript:alert(1)",
        "https: mailto:bob example.org",
    ],
)
def test_plain_text_has_no_html(text: str) -> None:
    assert render(text) == markup.PLAIN


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*a* **b** _c_ ~~d~~ `e<f`", "<p><em>a</em> <strong>b</strong> <em>c</em> <s>d</s> <code>e&lt;f</code></p>"),
        ("*two\nlines*", "<p><em>two\nlines</em></p>"),
        ("\\*as it is\\*", "<p>*as it is*</p>"),
        ("- a\n- b\n  - c\nend", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><p>end</p>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("> he said\nI answer", "<blockquote><p>he said</p></blockquote><p>I answer</p>"),
        ("```sh\n<b>\n  *x*\n```", '<pre data-language="sh"><code>&lt;b&gt;\n  *x*</code></pre>'),
        ("```\nnot closed", "<pre><code>not closed</code></pre>"),
        ('```x"><script>\n1\n```', "<pre><code>x&quot;&gt;&lt;script&gt;\n1</code></pre>"),
        (":tada:", '<p><span class="emoji" title=":tada:">🎉</span></p>'),
        ("`:tada: @bob`", "<p><code>:tada: @bob</code></p>"),
        ("see http://a.b/c_d_(e).", f'<p>see <a href="http://a.b/c_d_(e)" {LINK}>http://a.b/c_d_(e)</a>.</p>'),
        ("**http://a.b**", f'<p><strong><a href="http://a.b" {LINK}>http://a.b</a></strong></p>'),
        ("[x](http://a.b)", f'<p><a href="http://a.b" title="http://a.b" {LINK}>x</a></p>'),
        ("see http://a_b:80/, ok", f'<p>see <a href="http://a_b:80/" {LINK}>http://a_b:80/</a>, ok</p>'),
        ("_http://[::1]:80/x_", f'<p><em><a href="http://[::1]:80/x" {LINK}>http://[::1]:80/x</a></em></p>'),
        ("看http://a.b/网。", f'<p>看<a href="http://a.b/%E7%BD%91" {LINK}>http://a.b/网</a>。</p>'),
        ("http://a.b<c@d", f'<p><a href="http://a.b" {LINK}>http://a.b</a>&lt;c@d</p>'),
        ("mailto:a@b.c!", f'<p><a href="mailto:a@b.c" {LINK}>mailto:a@b.c</a>!</p>'),
        ("<a@b.c>", f'<p><a href="mailto:a@b.c" {LINK}>a@b.c</a></p>'),
        ("![x](http://a.b)", f'<p>!<a href="http://a.b" title="http://a.b" {LINK}>x</a></p>'),
    ],
)
def test_chat_markdown_becomes_html(text: str, html: str) -> None:
    assert render(text).html == html


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](/admin/)",
        "[x](data:text/html,y)",
        "[x]()",
        "<javascript:alert(1)>",
        "[x](//a.b)",
    ],
)
def test_links_lead_to_the_web_and_to_mail_only(text: str) -> None:
    assert "<a" not in render(f"**{text}**").html


@pytest.mark.parametrize("before", ["/", "&#62;", "?", "<", "."])
def test_an_address_that_only_holds_a_good_one_is_no_address(before: str) -> None:
    assert 'title="' not in render(f"[x]({before}http://a.b)").html


def test_random_marks_give_only_html_of_the_protocol() -> None:
    dice = random.Random(7)
    rich = 0
    for _ in range(3_000):
        text = "".join(dice.choice(PIECES) for _ in range(dice.randint(1, 25)))
        html = markup._rendered(text).html  # render() would hide an exception
        rich += bool(html)
        assert not re.search("[<>]", ALLOWED.sub("", html)), text
        assert all(re.match("https?://|mailto:", href) for href in re.findall('href="([^"]*)"', html)), text
    assert rich > 1_000


@pytest.mark.parametrize(
    "text",
    [
        "[" * 8000,
        "[*" * 4000,
        "*a_ " * 2000,
        "> " * 4000,
        "- " * 4000 + "a",
        "`a``b```" * 1000,
        "a" * 7000 + "http:" * 200,
        "```\n" * 2000,
        "```\n" + "\x1b[1m\x1b[31mx" * 700,
        "@a " * 2600,
        "http://a/(" * 300 + "(" * 5000,
        "http://a/(" * 800,
        "mailto:" * 300,
        "http://" + "a@" * 4000,
        "http://a:@" * 800,
        "mailto:a@a," * 700,
        "mailto:a@" + "a-" * 4000,
        "http://" + "☃a-" * 2600,
        "http://a" + "/a" * 4000,
        "".join(" " * n + "- a\n" for n in range(0, 120, 2)),
        ("http://a/" + "()" * 900 + " ") * 4,
        "http://a看a看" * 300,
        "a|" * 1300 + "\n" + "-|" * 1300 + "\n" + "a\n" * 1400,
        "a|b\n-|-\n" * 800,
        "|\n" * 4000,
        "a|b\n--|--\n" + "|" * 7900,
        "#a" + " b" * 4000,
        "a_b#1 " * 1300,
        "看#看" * 2600,
        "```a``` " + "[*" * 4000,
        "- a\n  ```\n" + "[*" * 4000,
        "```a\nb```\n" + "[*" * 4000,
        "````\n" + "```a\n" * 2000,
        "a ```\n```\n" * 800,
        "``` a\nb\n" * 1000,
        "```\nb\n``` a\n" + "~~~\nb\n~~~ a\n" * 600,
        "```\nb\n``` " + "[*" * 4000,
        "a ```\n" * 1300,
        "a ```\n```\n" + "[*" * 4000,
        "a ````\n" + "b\n```x```\n" * 200,
    ],
)
def test_hostile_marks_cost_little_and_lose_nothing(text: str) -> None:
    text = text[:8000]
    render("*warm*")
    lines = 0

    def count(*_: object) -> Callable[..., Any]:
        nonlocal lines
        lines += 1
        return count

    sys.settrace(count)
    try:
        html = render(text).html
    finally:
        sys.settrace(None)
    assert lines < 200 * len(text)  # of Python; at most 94 for a character, and a quadratic parser takes thousands
    assert len(html) <= markup.MAX_HTML_CHARACTERS


def test_a_message_nested_too_deep_is_shown_as_it_was_written() -> None:
    assert render(">" * 5 + "a").html
    assert render(">" * 50 + "a") == markup.PLAIN


def test_a_fault_of_the_parser_keeps_nobody_from_speaking(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: str) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(markup, "_rendered", broken)
    assert render("**hello**") == markup.PLAIN
    assert "shown as it was written" in caplog.text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "[click \u202egpj.exe](https://example.com/a)",
            f'<p><a href="https://example.com/a" title="https://example.com/a" {LINK}>click \\u202egpj.exe</a></p>',
        ),
        ("click \u202egpj.exe", "<p>click \\u202egpj.exe</p>"),
        ("`\u2067x\u2069`", "<p><code>\\u2067x\\u2069</code></p>"),
        ("```\n\u202ex\n```", "<pre><code>\\u202ex</code></pre>"),
        ("> \u202dx", "<blockquote><p>\\u202dx</p></blockquote>"),
        ("a\u200fb\n\n\n  c", "<p>a\\u200fb\n\n\n  c</p>"),
        ("https://x.y/\u202egpj", f'<p><a href="https://x.y/" {LINK}>https://x.y/</a>\\u202egpj</p>'),
        ("שלום https://x.y/a\u200f עולם", f'<p>שלום <a href="https://x.y/a" {LINK}>https://x.y/a</a>\u200f עולם</p>'),
    ],
)
def test_signs_that_turn_a_text_are_shown(text: str, html: str) -> None:
    assert render(text).html == html
    assert plain(text, html) == plain(text, "") or "<" in html[3:-4]


def test_text_from_right_to_left_stays_as_it_is() -> None:
    for text in ("שלום\u200f עולם", "نرم\u200cافزار", "مرحبا"):
        assert render(text) == markup.PLAIN


def test_a_message_with_too_many_marks_shows_its_turning_signs() -> None:
    assert render("\u202e" + "[*" * 3000).html == "<p>\\u202e" + "[*" * 3000 + "</p>"


def test_emoji_have_names_that_can_be_written() -> None:
    assert len(emoji.BY_NAME) > 300
    for name, character in emoji.BY_NAME.items():
        assert (
            render(f"so :{name}: it is").html
            == f'<p>so <span class="emoji" title=":{name}:">{character}</span> it is</p>'
        )


@pytest.mark.parametrize(
    "text",
    [
        *("**\u200b**", "`\u2060`", "> \u3164", "- \u200b", "- [ ] \u2800", "```\n\u200b\n```", "```\n\x1b[0m\n```"),
        *("[**\u200b**](https://a.b)", "**a** [`\u115f`](https://a.b)"),
    ],
)
def test_marks_around_nothing_visible_stay_visible(text: str) -> None:
    assert render(text).html == ""


@pytest.mark.parametrize("words", ["", " ", "\u200b", "\u3164\u2060"])
@pytest.mark.parametrize("sign", ["", "!"])
def test_a_link_without_visible_words_shows_its_address(words: str, sign: str) -> None:
    html = render(f"**see** {sign}[{words}](https://example.com/a.png)").html
    assert f'{sign}[{words}](<a href="https://example.com/a.png" ' in html
    assert ">https://example.com/a.png</a>)" in html


def test_no_word_beside_any_marks_is_lost() -> None:
    dice = random.Random(77)
    parts = [
        "```",
        "~~~",
        "````",
        "\n",
        "\n",
        " ",
        "\t",
        "- ",
        "> ",
        "1. ",
        "bash",
        "word",
        "**b**",
        "`",
        "[x](https://a.b)",
    ]
    parts += ["[](https://a.b)", "\u3000", "\u200b", "@bob", "|", "|-|\n", "a|b\n-|-\n"]
    for _ in range(3_000):
        text = "".join(dice.choices(parts, k=dice.choice((8, 30, 90))))
        html = render(text).html
        if html:
            shown = re.sub("<[^>]*>", "", html) + "".join(re.findall('data-language="([^"]*)"', html))
            for word in ("bash", "word"):
                assert shown.count(word) == text.count(word), text
