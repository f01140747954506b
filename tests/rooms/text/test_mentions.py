"""A text mentions people by the longest of their names that fits, in any script, and never by an address or a path."""

import re

import pytest

from proj.rooms.text import mentions
from proj.rooms.text.markup import render

PEOPLE = {"alice", "bob", "bob@corp.example", "carol.", "bob.smith", "小明", "josé", "чарли", "bob你"}


def mentioned(text: str) -> list[str]:
    """Return the marked mentions of `text`, as written."""
    settled = render(text).settled(PEOPLE, {})
    marked = re.findall('<span class="mention">[@＠]([^<]*)</span>', settled.html)
    assert {mentions.key(name) for name in marked} == settled.mentions
    return marked


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@alice, @Bob.Smith. and @чарли", ["alice", "Bob.Smith", "чарли"]),
        ("请@bob看一下", ["bob"]),
        ("@bob你好", ["bob你"]),
        ("@bob您好", ["bob"]),
        ("@小明你好，@小明ok", ["小明", "小明"]),
        ("，@bob，（@bob）「@bob」", ["bob", "bob", "bob"]),
        ("@bobさん @bob님", ["bob", "bob"]),
        ("@alice你好@bob", ["alice", "bob"]),
        ("@bob@corp.example ping", ["bob@corp.example"]),
        ("@bob@other.example", ["bob"]),
        ("@carol. ping", ["carol."]),
        ("@bob.", ["bob"]),
        ("@bob...", ["bob"]),
        ("@bob-", ["bob"]),
        ("ping @alice/@bob", ["alice", "bob"]),
        ("@alice,@bob @alice&@bob @alice@bob @alice_@bob", ["alice", "bob"] * 4),
        ("_@bob_ __@bob__ **@bob** ~~@bob~~", ["bob"] * 4),
        ("@bob's idea", ["bob"]),
        ("@josé @jose\u0301 @JOSÉ", ["josé", "jose\u0301", "JOSÉ"]),
        ("@here, lunch", ["here"]),
        ("@here大家好 @here: x @here. (@here) **@here** @Here", ["here"] * 5 + ["Here"]),
        ("@alice/@here", ["alice", "here"]),
        ("＠bob 你好，＠小明＠alice ＠here", ["bob", "小明", "alice", "here"]),
    ],
)
def test_people_are_mentioned(text: str, names: list[str]) -> None:
    assert mentioned(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "mail bob@alice.com",
        "mailto:x@bob",
        "a@bob a_@bob x.@bob mail＠bob",
        "src/@bob/index.js https://medium.example/@bob",
        "`@bob` \\@bob",
        "@bobby @bob.smithy @bob-x @nobody",
        "npm i @here/maps-api",
        '"@here/maps-api": "1"',
        "node_modules/@here x@here C:\\@here",
        "@here=1 --at=@here @here(x) @here-maps @here:8080 @here\\x",
        "张三@bob.com",
    ],
)
def test_addresses_paths_and_code_mention_nobody(text: str) -> None:
    assert mentioned(f"**see** {text}") == []


def test_text_around_mentions_stays() -> None:
    assert (
        render("请@bob看@nobody一下").settled(PEOPLE, {}).html
        == '<p>请<span class="mention">@bob</span>看@nobody一下</p>'
    )


@pytest.mark.parametrize("text", ["@" * 10_000, "@a" * 5_000, ("@" + "你" * 150) * 60, "@a_-.+" * 1_400])
def test_hostile_mentions_ask_for_few_names(text: str) -> None:
    rendered = render(text)
    assert len(rendered.mentions) <= mentions.MAX_CANDIDATES + mentions.MAX_CUTS
    assert len(rendered.settled(PEOPLE, {}).html) <= len(text) + len("<p></p>")
