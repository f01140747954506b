"""References to rooms and runs: `#room`, `web1#17`.

As with mentions, the parser marks texts that may be references, the caller looks up candidates(), and settled() makes
links of those that exist. Numbers alone (`#17`), colours (`#fff`), headings and `C#` are none.
"""

import re
from collections.abc import Mapping
from html import escape, unescape
from typing import TYPE_CHECKING

from proj.rooms.text.scripts import COMBINING, UNSPACED

if TYPE_CHECKING:
    from markdown_it.rules_inline import StateInline

MAX_REFERENCES = 50  # of one message
MAX_ROOM_CUTS = 16  # names that one `#` may begin: `#ops team` may mean the room `ops` or `ops team`

_LETTER = rf"[\w{COMBINING}]"
_ROOM = re.compile(rf"#({_LETTER}(?:[\w{COMBINING}.+-]{{0,98}}(?:[^\W_]|[{COMBINING}]))?)")
_NO_ROOM = re.compile(r"\d+|[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8}", re.IGNORECASE)
_INSIDE_TEXT = re.compile(rf"[{COMBINING}_/#&.=?%@$-]|(?![{UNSPACED}])\w")
_BESIDE = rf"(?![{UNSPACED}])\w|[./#@&=?%-]"  # beside a reference it is a part of a path or another word
_SERVICE = re.compile(rf"(?<!{_BESIDE})[A-Za-z0-9][A-Za-z0-9_-]{{0,59}}\Z")
_RUN_NUMBER = re.compile(rf"#([1-9]\d{{0,11}})(?!(?![{UNSPACED}])[^\W_]|[_-]\w)")
_UP_TO_NUMBER = re.compile(r"[\w-]{1,60}#\d")
_MARKED_REFERENCE = re.compile(r'<span class="reference">([^<]*)</span>((?:[^<&\n]|&[#\w]+;){0,100})')
_ROOM_CUT = re.compile(rf"(?<=[{UNSPACED}])|(?=[{UNSPACED}])|(?<=\S)(?!{_LETTER}|[.+-]{_LETTER})")


def reference(state: "StateInline", silent: bool) -> bool:
    """Read a text that may refer to a room or a run; a rule of the parser."""
    if state.linkLevel or silent:
        return False
    service = _SERVICE.search(state.pending[-61:])
    run = _RUN_NUMBER.match(state.src, state.pos, state.posMax)
    if service and run and _is_whole(state, service[0]):
        state.pending = state.pending[: -len(service[0])]
        return _push(state, service[0] + run[0], run.end())
    room = _ROOM.match(state.src, state.pos, state.posMax)
    before = state.src[max(0, state.pos - 1) : state.pos]
    if not room or _NO_ROOM.fullmatch(room[1]) or (before and _INSIDE_TEXT.match(before) and not _is_mark(state)):
        return False
    return _push(state, room[0], room.end())


def underscore(state: "StateInline", silent: bool) -> bool:
    """Read an underscore in the name of a service, which is no mark of emphasis; a rule of the parser."""
    if not state.src[max(0, state.pos - 1) : state.pos].isalnum() or not _UP_TO_NUMBER.match(
        state.src, state.pos, state.posMax
    ):
        return False
    if not silent:
        state.pending += "_"
    state.pos += 1
    return True


def candidates(html: str) -> frozenset[str]:
    """Return the references that `html` may have: `#` and the name of a room, or `web1#17`."""
    found: set[str] = set()
    for marked in list(_MARKED_REFERENCE.finditer(html))[:MAX_REFERENCES]:
        found.update(_possible(marked))
    return frozenset(found)


def settled(html: str, addresses: Mapping[str, str]) -> str:
    """Return `html` with links to those references that have an address; of several that fit, the longest is meant."""

    def written(marked: re.Match[str]) -> str:
        text = unescape(marked[1] + marked[2])
        for name in _possible(marked):
            if name in addresses:
                link = f'<a class="reference" href="{escape(addresses[name])}">{escape(name)}</a>'
                return link + escape(text[len(name) :])
        return escape(text)

    return _MARKED_REFERENCE.sub(written, html)


def _possible(marked: re.Match[str]) -> list[str]:
    """Return the references that may begin at a mark, the longest first."""
    if not marked[1].startswith("#"):
        return [marked[1]]
    text = unescape(marked[1] + marked[2])
    cuts = [cut.start() for cut in _ROOM_CUT.finditer(text, 2)][:MAX_ROOM_CUTS]
    return [text[:cut] for cut in sorted({*cuts, len(text.rstrip())}, reverse=True)]


def _is_whole(state: "StateInline", service: str) -> bool:
    """Return whether `service` is the whole word in front of the present position, and no part of a path."""
    start = state.pos - len(service)
    return start == 0 or state.src[start - 1] == "_" or not re.match(_BESIDE, state.src[start - 1])


def _is_mark(state: "StateInline") -> bool:
    """Return whether the underscores in front of the present position begin an emphasis."""
    return state.src[: state.pos].rstrip("_")[-1:].strip() == "" and state.src[state.pos - 1] == "_"


def _push(state: "StateInline", text: str, end: int) -> bool:
    state.push("reference", "", 0).content = text
    state.pos = end
    return True
