"""Markdown as people write it in chats, as tokens of markdown-it-py: CommonMark without HTML, images and headings.

Beside its marks it knows bare addresses (linkify-it-py), mentions (`@alice`) and emoji (`:tada:`). markup.py turns the
tokens into HTML, and plain.py turns the HTML into text.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from proj.rooms.text import addresses, emoji, fences, mentions, references
from proj.text import unseen

if TYPE_CHECKING:  # these packages are loaded by the first message that has marks; most processes never need them
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

MAX_MARKS = 1_500  # of one message, code blocks aside: 8,000 would keep the worker busy for 60 ms
MAX_BRACKETS = 300  # of those marks: the parser looks for the other half of each
MAX_NESTING = 12  # lists and quotes inside each other
MAX_ADDRESSES = 300  # of one message: the search for the end of each may read all its characters

# Marks that the parser would act on. The first pattern is faster; the second is more exact.
_HINTS = re.compile(rf"[*_~`\\@:\]#{unseen.TURNING_SIGNS}]")
_MARKS = re.compile(
    r"""
      \*\S | \S\* | (?<!\w)_ | _(?!\w) | ~~ | ` | \]\(  # *emphasis* _emphasis_ ~~strike~~ `code` [links](...)
    | :// | mailto: | <[^\s<>]+@ | :[a-z0-9_+-]{1,40}:   # addresses and emoji
    | (?<![A-Za-z0-9])@\w                                # mentions
    | \w\#[1-9] | (?<![\w/&])\#\w | [^\x00-\x7f]\#\w        # references
    | \\[!-/:-@\[-`{-~]                                  # an escaped mark
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LINE = re.compile(r"^[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t]|[|:-][-:| \t]*$)", re.MULTILINE)  # quotes, lists, tables
_COSTLY = re.compile(r"[*_~`\[\]<>@:\\#-]|\d[.)]")
_SCHEMES = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
_EMOJI = re.compile(r":([a-z0-9_+-]{1,40}):")

_TEXT_TOKENS = {"paragraph_open", "inline", "paragraph_close", "text", "softbreak", "hardbreak"}


def has_marks(text: str) -> bool:
    """Return whether `text` may have marks. A few microseconds; the parser takes a tenth of a millisecond."""
    if _HINTS.search(text) and (_MARKS.search(text) or unseen.turns(text)):
        return True
    return (_LINE.search(text) if "\n" in text else _LINE.match(text)) is not None


def tokens(text: str) -> list["Token"]:
    """Return the tokens of `text`; [] when it is to be shown as it was written."""
    prose = fences.OUTERMOST.sub("", text)
    if prose.count("[") > MAX_BRACKETS or _count(_COSTLY, prose) > MAX_MARKS or _count(_SCHEMES, prose) > MAX_ADDRESSES:
        return []
    blocks = _parser().parse(text)
    every = list(flat(blocks))
    # a deeper message would lose the rest of its text: the parser gives up
    if any(token.level > MAX_NESTING for token in blocks) or all(map(_is_text, every)):
        return []
    if not any(token.content.strip() for token in every if token.type != "inline"):
        return []  # "-" is a list with nothing in it, and was hardly meant as one
    if not all(addresses.is_address(str(token.attrs["href"])) for token in every if token.type == "link_open"):
        return []  # the parser lets `[x]()` through
    return blocks


def flat(tokens: Iterable["Token"]) -> Iterator["Token"]:
    """Yield the tokens and, behind each, its children."""
    for token in tokens:
        yield token
        yield from token.children or ()


def _count(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in pattern.finditer(text))


def _is_text(token: "Token") -> bool:
    # a backslash before a letter is a token as well, and means itself
    return token.type in _TEXT_TOKENS or (token.type == "text_special" and token.content == token.markup)


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    from proj.rooms.text import emphasis, lines, tables

    parser = MarkdownIt("zero")
    parser.inline = emphasis.CjkInline()
    parser.configure("zero", {"maxNesting": 100, "tasklists": True})
    parser.enable(["table", "fence", "blockquote", "list", "backticks", "emphasis", "strikethrough"])
    parser.enable(["link", "autolink", "escape", "newline"])
    parser.disable("text_join")  # it would hide that something was escaped
    parser.block.ruler.at("fence", fences.fence, {"alt": ["paragraph", "blockquote", "list"]})
    parser.block.ruler.before("paragraph", "line", lines.end_quote, {"alt": ["blockquote"]})
    parser.block.ruler.before("paragraph", "item", lines.end_item, {"alt": ["paragraph"]})
    parser.block.ruler.at("table", tables.table, {"alt": ["paragraph"]})
    parser.block.ruler.at("paragraph", lines.paragraph)
    parser.inline.ruler.at("newline", lines.newline)
    parser.inline.ruler.at("escape", lines.escape)
    parser.inline.ruler.at("backticks", lines.backtick)
    parser.inline.ruler.before("link", "colon", _colon)
    parser.inline.ruler.before("link", "mention", mentions.mention)
    parser.inline.ruler.before("link", "reference", references.reference)
    parser.inline.ruler.before("emphasis", "underscore", references.underscore)
    parser.normalizeLink = addresses.href  # type: ignore[method-assign, assignment]
    parser.validateLink = addresses.is_address  # type: ignore[method-assign, assignment]
    return parser


# Rules inside a line


def _colon(state: "StateInline", silent: bool) -> bool:
    """Read an address without brackets, or an emoji's name."""
    if state.src[state.pos] != ":":
        return False
    return addresses.bare_address(state, silent) or _emoji(state, silent)


def _emoji(state: "StateInline", silent: bool) -> bool:
    found = _EMOJI.match(state.src, state.pos, state.posMax)
    if not found or found[1] not in emoji.BY_NAME:
        return False
    if not silent:
        token = state.push("emoji", "", 0)
        token.content, token.info = emoji.BY_NAME[found[1]], found[0]
    state.pos = found.end()
    return True
