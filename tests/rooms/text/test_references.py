"""`#room` and `web1#17` become links to what exists; numbers, colours, headings and anchors stay text."""

import re
from html import unescape

import pytest

from proj.rooms.text import references
from proj.rooms.text.markup import render
from proj.rooms.text.plain import plain

ROOMS = ["#ops", "#ops team", "#运维", "#运维 чат #1", "#ops & friends?", "#fff", "#123", "#a1b2c3"]
ADDRESSES = dict.fromkeys((*ROOMS, "web1#17", "my_svc#1", "C#1"), "/there/")


def links(text: str) -> list[str]:
    """Return the references of `text` that become links, as written; no text of it may be lost."""
    html = render(text).html
    settled = render(text).settled((), ADDRESSES).html
    assert plain(text, settled) == plain(text, html)
    return [unescape(words) for words in re.findall(r'<a class="reference" href="/there/">([^<]*)</a>', settled)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see #ops, (#ops) **#ops** _#ops_ #ops.", ["#ops"] * 5),
        ("#ops team or #ops teams", ["#ops team", "#ops"]),
        ("看#运维。#运维群", ["#运维", "#运维"]),
        ("#运维 чат #1 and #ops & friends? yes", ["#运维 чат #1", "#ops & friends?"]),
        ("web1#17, (web1#17) **web1#17** _web1#17_ web1#17.", ["web1#17"] * 5),
        ("重启web1#17了", ["web1#17"]),
        ("my_svc#1 and *my_svc#1*", ["my_svc#1"] * 2),
        ("- [ ] #ops\n- web1#17", ["#ops", "web1#17"]),
        ("a|b\n-|-\n#ops|web1#17", ["#ops", "web1#17"]),
        ("#ops @bob #ops", ["#ops", "#ops"]),
    ],
)
def test_references_become_links(text: str, found: list[str]) -> None:
    assert links(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "#123 issue #123 #!/bin/sh",
        "# ops\n## ops\n##ops",
        "color: #fff; #a1b2c3",
        "C# and C#1x xC#1",
        "https://x.y/a#ops page#ops /a/#ops &#ops",
        "`#ops web1#17`",
        "[#ops web1#17](https://x.y)",
        "\\#ops",
        "#opsx #ops-x #ops.x",
        "web1#170 web1#017 web1#17b web1#17-b x/web1#17 x.web1#17 xweb1#17",
    ],
)
def test_other_signs_are_text(text: str) -> None:
    assert links(f"**so** {text}") == []


def test_a_message_has_few_references() -> None:
    html = "".join(f'<span class="reference">#a{n}</span>' for n in range(1_000))
    assert len(references.candidates(html)) == references.MAX_REFERENCES
