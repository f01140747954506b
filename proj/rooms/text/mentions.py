"""Mentions of people and of everybody: `@alice`, `@here`.

A text does not tell where a name ends: `@bob你好` mentions bob, unless there is a person `bob你好`. The parser marks
the longest names that may be meant. The caller looks up candidates() among the people, and settled() leaves the marks
of those that exist.
"""

import re
import unicodedata
from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from proj.rooms.text.scripts import COMBINING, UNSPACED

if TYPE_CHECKING:
    from markdown_it.rules_inline import StateInline

EVERYONE = "here"  # `@here`
SIGNS = "@＠"  # the second one is of keyboards for Chinese and Japanese

MAX_NAMES = 8  # in one word, such as `@alice@bob`
MAX_CUTS = 24  # candidates for one name
MAX_CANDIDATES = 500  # of one message: each is a parameter of the query for people

_LAST = rf"(?:[^\W_]|[{COMBINING}])"  # behind it stand the marks `_.+-@` that rarely belong to a name
_WORD = re.compile(rf"[{SIGNS}](\w(?:[\w{COMBINING}.{SIGNS}+-]{{0,148}}{_LAST})?)")
_CUT = re.compile(rf"(?<=[{UNSPACED}])|(?=[_.+-]*(?:[{SIGNS}{UNSPACED}]|\Z))")
_INSIDE_WORD = re.compile(rf"[{COMBINING}/.]|(?![{UNSPACED}])[^\W_]")  # in front of the @ of an address or a path
_MARKED = re.compile(rf'<span class="mention">([{SIGNS}][^<]*)</span>([_.+{SIGNS}-]{{0,5}})')
# `@here` in code: behind the marks of the first pattern, or in front of the second.
_CODE_BEFORE = re.compile(r"[\\=@$#%&+-]")
_CODE_BEHIND = re.compile(rf"[/\\:.(\[{{<+-]*(?:[/\\.(\[{{<+-](?![{UNSPACED}])\w|:\d|[=\\])")


def mention(state: "StateInline", silent: bool) -> bool:
    """Read a word that may mention people; a rule of the parser."""
    found = _WORD.match(state.src, state.pos, state.posMax)
    if not found or not _begins(state) or (_is_everyone(found[1]) and _in_code(state, found.end())):
        return False
    if not silent:
        state.push("mention", "", 0).content = found[0]
    state.pos = found.end()
    return True


def key(name: str) -> str:
    """Return the form in which names of people are compared: the case of letters does not count."""
    return composed(name).lower()


def composed(name: str) -> str:
    """Return `name` as sign-in names are stored: composed (NFKC)."""
    return unicodedata.normalize("NFKC", name)


def candidates(html: str) -> frozenset[str]:
    """Return the names that `html` may mention, composed, with EVERYONE among them."""
    found: set[str] = set()
    for marked in _MARKED.finditer(html):
        word = marked[1] + marked[2]
        for at in _starts(word):
            found.update(composed(word[at + 1 : cut]) for cut in _cuts(word, at))
            if len(found) > MAX_CANDIDATES:
                return frozenset(found)
    return frozenset(found)


def settled(html: str, people: Container[str]) -> tuple[str, frozenset[str]]:
    """Return `html` with the mentions of these people and of everybody only, and the keys of the mentioned names.

    `people` has key() of each existing name. Of several names that fit, the longest is meant.
    """
    mentioned: set[str] = set()

    def written(marked: re.Match[str]) -> str:
        return "".join(_written(marked[1] + marked[2], people, mentioned))

    return _MARKED.sub(written, html), frozenset(mentioned)


def _written(word: str, people: Container[str], mentioned: set[str]) -> Iterator[str]:
    """Yield the parts of a word, the mentions in it marked, and add their keys to `mentioned`."""
    done = 0
    for at in _starts(word):
        between = word[done:at]
        if at < done or (at and between.strip("_.+-") and _INSIDE_WORD.match(word, at - 1)):
            continue
        for cut in _cuts(word, at):
            name = key(word[at + 1 : cut])
            if name in people or name == EVERYONE:
                mentioned.add(name)
                yield f'{between}<span class="mention">{word[at:cut]}</span>'
                done = cut
                break
    yield word[done:]


def _starts(word: str) -> list[int]:
    return [at for at, character in enumerate(word) if character in SIGNS][:MAX_NAMES]


def _cuts(word: str, at: int) -> list[int]:
    """Return the ends of the names that may begin behind the @ at `at`, the longest first."""
    cuts = [cut.start() for cut in _CUT.finditer(word, at + 2)]
    return [len(word), *reversed(cuts[:MAX_CUTS])]


def _begins(state: "StateInline") -> bool:
    """Return whether the @ at the present position begins a name, and is no part of an address or a path."""
    before = state.src[: state.pos].rstrip("_")[-1:] if state.src[state.pos - 1 : state.pos] == "_" else ""
    before = before or state.src[max(0, state.pos - 1) : state.pos]
    if before == "/":  # of `@alice/@bob`
        return state.pending == "/" and bool(state.tokens) and state.tokens[-1].type == "mention"
    return not _INSIDE_WORD.match(before)


def _is_everyone(word: str) -> bool:
    return word[: len(EVERYONE)].lower() == EVERYONE and _CUT.match(word, len(EVERYONE)) is not None


def _in_code(state: "StateInline", end: int) -> bool:
    return (
        _CODE_BEFORE.match(state.src, max(0, state.pos - 1), state.pos) is not None
        or _CODE_BEHIND.match(state.src, end, state.posMax) is not None
    )
