"""Addresses without brackets become links: whole, and without the text around them, in any script."""

import re
from html import unescape

import pytest

from proj.rooms.text.markup import render


def bare(text: str) -> list[str]:
    """Return the words of the links of `text`."""
    return [unescape(words) for words in re.findall(r"<a [^>]*>([^<]*)</a>", render(text).html)]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://x.y/a: it works", "https://x.y/a"),
        ("https://x.y: it works", "https://x.y"),
        ("(https://x.y/a,) (https://x.y/a!)", "https://x.y/a"),
        ("https://x.y/a。次", "https://x.y/a"),
        ("看https://x.y/a，好", "https://x.y/a"),
        ("看https://x.y，好", "https://x.y"),
        ("看（https://x.y/a）、「https://x.y/a」；《https://x.y/a》！", "https://x.y/a"),
        ("https://x.y/a`b`c", "https://x.y/a"),
        ("|https://x.y/a|b|", "https://x.y/a"),
        ("https://x.y/a\\b https://x.y/a^b https://x.y/a{b} https://x.y/a}b", "https://x.y/a"),
    ],
)
def test_an_address_ends_before_the_text_around_it(text: str, address: str) -> None:
    assert set(bare(text)) == {address}


def test_a_code_span_right_behind_an_address_stays() -> None:
    assert "<code>b</code>c" in render("https://x.y/a`b`c").html


@pytest.mark.parametrize(
    "address",
    [
        "https://user:p&ss@host/",
        "https://user:p!ss@host/",
        "https://user:p$ss@host/",
        "https://user:p=ss@host/",
        "https://user:p@ss@host/",
        f"https://oauth2:glpat-{60 * 'x'}@gitlab.com/x",
        "http://x.y:65535/",
        "http://x.y.:8080/",
        "http://x.y:/a",
        "http://☃.net/",
        "http://例え.テスト/",
        "mailto:a@b.c?subject=x",
        "mailto:a@foo_bar.local",
        "mailto:a@b,c@d",
        "mailto:a@b,c@d?subject=x",
    ],
)
def test_an_address_is_linked_as_a_whole(address: str) -> None:
    assert bare(f"**see** {address}, ok") == [address]


@pytest.mark.parametrize(
    "text",
    [
        "http://1.2.3.4:99999/",
        "http://x.y:65536/",
        "http://x.y.:65536/",
        "https://user:p'ss@host/",
        "https://user:p#ss@host/",
        f"https://user:{300 * 'x'}@host/",
        "mailto:a@b@c",
    ],
)
def test_no_part_of_an_address_leads_to_another_host(text: str) -> None:
    assert bare(f"**see** {text}") == []


@pytest.mark.parametrize("text", ["[t](mailto:a@b_c)", "<mailto:a@b_c>"])
def test_links_in_brackets_lead_to_any_mail_host(text: str) -> None:
    assert 'href="mailto:a@b_c"' in render(text).html


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("参见https://example.com。下一句", ["https://example.com"]),
        ("https://example.com/docs（中文说明）了解更多", ["https://example.com/docs"]),
        ("全角（https://example.com/baz）です。", ["https://example.com/baz"]),
        ("https://x.y/a、https://x.y/b", ["https://x.y/a", "https://x.y/b"]),
        ("https://x.y/a,https://x.y/b;https://x.y/c", ["https://x.y/a", "https://x.y/b", "https://x.y/c"]),
        ("『https://x.y/a』〈https://x.y/b〉〔https://x.y/c〕｢https://x.y/d｣", [f"https://x.y/{n}" for n in "abcd"]),
        ("“https://x.y/a”、‘https://x.y/b’看 «https://x.y/c»", [f"https://x.y/{n}" for n in "abc"]),
        ("https://x.y/a，ok https://x.y/b؟ https://x.y/c، ok", [f"https://x.y/{n}" for n in "abc"]),
        ("https://x.y/a… https://x.y/b～ https://x.y/c——说明", [f"https://x.y/{n}" for n in "abc"]),
        ("**https://x.y/a**后 *https://x.y/b*后 ~~https://x.y/c~~后", [f"https://x.y/{n}" for n in "abc"]),
        ("(see https://x.y/a_(b))", ["https://x.y/a_(b)"]),
        ("(see https://x.y/a(b)c)", ["https://x.y/a(b)c"]),
        ("[https://x.y/a] https://x.y/b(c", ["https://x.y/a", "https://x.y/b"]),
        ("'https://x.y/a' 'https://x.y/b','c'", ["https://x.y/a", "https://x.y/b"]),
        ('{"url":"https://x.y/a","b":1}', ["https://x.y/a"]),
        ("open http://[2001:db8::5]", ["http://[2001:db8::5]"]),
        ("open http://[2001:db8::5].", ["http://[2001:db8::5]"]),
        ("https://example.com看一下", ["https://example.com"]),
        ("https://example.com에서 https://10.0.0.1的", ["https://example.com", "https://10.0.0.1"]),
        ("https://example.com🎉", ["https://example.com"]),
        ("https://x.y:8080，https://x.y:8081。", ["https://x.y:8080", "https://x.y:8081"]),
        ("mailto:a@b.com，谢谢", ["mailto:a@b.com"]),
        ("<https://x.y/a> <https://x.y/b c>", ["https://x.y/a", "https://x.y/b"]),
        ("[文档](https://x.y/a)。**见**https://x.y/b。", ["文档", "https://x.y/b"]),
    ],
)
def test_an_address_ends_before_punctuation_of_any_script(text: str, addresses: list[str]) -> None:
    assert bare(text) == addresses


@pytest.mark.parametrize(
    "address",
    [
        "https://zh.wikipedia.org/wiki/道_(消歧义)",
        "https://ja.wikipedia.org/wiki/ジョン・スミス",
        "https://en.wikipedia.org/wiki/Michelson–Morley_experiment",
        "https://en.wikipedia.org/wiki/Devil's_advocate",
        "http://пример.рф/путь",
        "https://kibana.example/app/discover#/?_g=(time:(from:now-15m,to:now))",
        "https://k.example/?_a=(columns:!(m),index:'logs-*',query:(language:kuery,query:'a'))",
        "https://x.y/?$filter=Name%20eq%20'Bob'",
        "https://x.y/?a=[1]&b[]=2#/c;d=3",
        "https://web.archive.org/web/2020/https://x.y/a",
        "HTTPS://Example.COM/A",
        "http://[2001:db8::5]:8080/a?b#c",
        "http://[fe80::1%25eth0]:8080/a",
        "http://[::ffff:10.0.0.1]/",
        "http://看a.example/",
    ],
)
def test_an_address_keeps_its_brackets_apostrophes_and_letters(address: str) -> None:
    assert bare(f"**see** {address}") == [address]
    assert bare(f"**见**（{address}）。") == [address]


@pytest.mark.parametrize("address", ["http://[zz::1]/", "http://[1::2::3]/", "http://[::1", "https://。"])
def test_an_address_without_a_host_is_no_link(address: str) -> None:
    assert bare(f"**see** {address}") == []


def test_the_zone_of_a_host_is_encoded() -> None:
    assert 'href="http://[fe80::1%25eth0]/a"' in render("http://[fe80::1%eth0]/a").html


@pytest.mark.parametrize(
    "text",
    [
        "http://a/(" * 800,
        "http://a/" + "([" * 4000,
        "http://a/" + "='" * 4000,
        "http://a看a看" * 700,
        "https://" + "看a-" * 2600,
        "http://ab看" + "看-" * 4000,
        "http://[" + "::1" * 2700,
        ("http://a/" + "()" * 950 + " ") * 4,
    ],
)
def test_hostile_addresses_lose_nothing(text: str) -> None:
    shown = unescape(re.sub("<[^>]*>", "", render(f"**see** {text}").html))
    assert shown in ("", f"see {text}".strip())
