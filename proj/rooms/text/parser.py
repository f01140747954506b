"""Markdown as people write it in chats, as tokens of markdown-it-py: CommonMark without HTML, images and headings.

Beside its marks it knows bare addresses (linkify-it-py), mentions (`@alice`) and emoji (`:tada:`). markup.py turns the
tokens into HTML, and plain.py turns the HTML into text.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from proj.rooms.text import addresses, emoji, fences, mentions, references
from proj.text import ansi, unseen

if TYPE_CHECKING:  # these packages are loaded by the first message that has marks; most processes never need them
    from markdown_it import MarkdownIt
    from markdown_it.parser_inline import RuleFuncInlineType
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

MAX_MARKS = 1_500  # of one message, code blocks aside: 8,000 would keep the worker busy for 60 ms
MAX_BRACKETS = 300  # of those marks: the parser looks for the other half of each
MAX_NESTING = 12  # lists and quotes inside each other
MAX_ADDRESSES = 300  # of one message: the search for the end of each may read all its characters
_MAX_CHEAP_CHARACTERS = min(MAX_MARKS, MAX_BRACKETS, MAX_ADDRESSES)  # of a text that cannot reach any of these limits

# Marks that the parser would act on. The first pattern is faster; the second is more exact. For a usual message these
# searches are the whole cost, so their methods have names of their own.
_hint = re.compile(rf"[*_~`\\@＠:\]#{unseen.TURNING_SIGNS}]").search
_MARKS = re.compile(
    r"""
      \*\S | \S\* | (?<!\w)_ | _(?!\w) | ~~ | ` | \]\(  # *emphasis* _emphasis_ ~~strike~~ `code` [links](...)
    | :// | mailto: | <[^\s<>]+@ | :[a-z0-9_+-]{1,40}:   # addresses and emoji
    | (?<![A-Za-z0-9])[@＠]\w                                # mentions
    | \w\#[1-9] | (?<![\w/&])\#\w | [^\x00-\x7f]\#\w        # references
    | \\[!-/:-@\[-`{-~]                                  # an escaped mark
    """,
    re.VERBOSE | re.IGNORECASE,
)
# The beginning of a line of a quote, a list or a table.
_LINE = r"[ \t]*(?:>|[-+*][ \t]|[0-9]{1,9}[.)][ \t]|[|:-][-:| \t]*$)"
_first_line = re.compile(_LINE, re.MULTILINE).match
_next_line = re.compile(f"\n{_LINE}", re.MULTILINE).search
_FIRST_CHARACTERS = " \t>-+*0123456789|:"
_ONE_PARAGRAPH = re.compile(r"(?!>|[-+*](?:\s|\Z)|\d{1,9}[.)]|```|~~~)[^\s\0][^\n\r\0]*\Z")  # a line, no block
_COSTLY = re.compile(r"[*_~`\[\]<>@:\\#-]|\d[.)]")
_SCHEMES = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
_EMOJI = re.compile(r":([a-z0-9_+-]{1,40}):")

_TEXT_TOKENS = {"paragraph_open", "inline", "paragraph_close", "text", "softbreak", "hardbreak"}


def has_marks(text: str) -> bool:
    """Return whether `text` may have marks. A few microseconds; the parser takes a tenth of a millisecond."""
    if _hint(text) and (_MARKS.search(text) or unseen.turns(text)):
        return True
    if text[:1] in _FIRST_CHARACTERS and _first_line(text):
        return True
    return "\n" in text and _next_line(text) is not None


def tokens(text: str) -> list["Token"]:
    """Return the tokens of `text`; [] when it is to be shown as it was written."""
    if len(text) > _MAX_CHEAP_CHARACTERS and _is_costly(fences.prose(text)):
        return []
    blocks = _paragraph(text) if _ONE_PARAGRAPH.match(text) else _parser().parse(text)
    # a deeper message would lose the rest of its text: the parser gives up
    return [] if any(token.level > MAX_NESTING for token in blocks) or not _has_meaning(blocks) else blocks


def _paragraph(text: str) -> list["Token"]:
    """Return the tokens of a line that is no list, quote or block of code, for which no rule needs to be asked."""
    from markdown_it.token import Token

    parser = _parser()
    children: list[Token] = []
    parser.inline.parse(text.rstrip(), parser, {}, children)
    line = Token("inline", "", 0, children=children, content=text)
    return [Token("paragraph_open", "p", 1), line, Token("paragraph_close", "p", -1)]


def _is_costly(prose: str) -> bool:
    """Return whether the parser would need too long for this text without its blocks of code."""
    return (
        prose.count("[") > MAX_BRACKETS or _count(_COSTLY, prose) > MAX_MARKS or _count(_SCHEMES, prose) > MAX_ADDRESSES
    )


def _has_meaning(blocks: Iterable["Token"]) -> bool:
    """Return whether the tokens show more than the text itself does, lose nothing of it, and link to addresses only."""
    marked = filled = False
    link_filled = True
    for token in flat(blocks):
        if token.type == "link_open":
            link_filled = False
            if not addresses.is_address(str(token.attrs["href"])):
                return False  # the parser lets `[x]()` through
        elif token.type == "link_close" and not link_filled:
            return False  # nobody sees a link of `[**\u200b**](https://example.com)`
        # a backslash before a letter is a token as well, and means itself
        marked |= not (token.type in _TEXT_TOKENS or (token.type == "text_special" and token.content == token.markup))
        if not (filled and link_filled) and token.type != "inline" and unseen.is_seen(ansi.plain(token.content)):
            filled = link_filled = True
    return marked and filled  # "-" is a list with nothing in it, and was hardly meant as one


def flat(tokens: Iterable["Token"]) -> Iterator["Token"]:
    """Yield the tokens and, behind each, its children."""
    for token in tokens:
        yield token
        yield from token.children or ()


def _count(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in pattern.finditer(text))


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    from proj.rooms.text import lines, tables

    parser = MarkdownIt("zero")
    parser.inline = lines.LineParser(_rules_by_character())
    parser.configure("zero", {"maxNesting": 100, "tasklists": True})
    parser.enable(["table", "fence", "blockquote", "list", "emphasis", "strikethrough"])
    parser.disable("text_join")  # it would hide that something was escaped
    parser.block.ruler.at("fence", fences.fence, {"alt": ["paragraph", "blockquote", "list"]})
    parser.block.ruler.before("paragraph", "line", lines.end_quote, {"alt": ["blockquote"]})
    parser.block.ruler.before("paragraph", "item", lines.end_item, {"alt": ["paragraph"]})
    parser.block.ruler.at("table", tables.table, {"alt": ["paragraph"]})
    parser.block.ruler.at("paragraph", lines.paragraph)
    parser.normalizeLink = addresses.href  # type: ignore[method-assign, assignment]
    parser.validateLink = addresses.is_address  # type: ignore[method-assign, assignment]
    return parser


# Rules inside a line


def _rules_by_character() -> "dict[str, tuple[RuleFuncInlineType, ...]]":
    from markdown_it.rules_inline import autolink, emphasis, strikethrough

    from proj.rooms.text import lines

    return {
        "\n": (lines.newline,),
        "\\": (lines.escape,),
        "`": (lines.backtick,),
        "~": (strikethrough.tokenize,),
        "*": (emphasis.tokenize,),
        "_": (references.underscore, emphasis.tokenize),
        ":": (addresses.bare_address, _emoji),
        **dict.fromkeys(mentions.SIGNS, (mentions.mention,)),
        "#": (references.reference,),
        "[": (lines.link,),
        "<": (autolink,),
    }


def _emoji(state: "StateInline", silent: bool) -> bool:
    """Read the name of an emoji between colons."""
    found = _EMOJI.match(state.src, state.pos, state.posMax)
    if not found or found[1] not in emoji.BY_NAME:
        return False
    if not silent:
        token = state.push("emoji", "", 0)
        token.content, token.info = emoji.BY_NAME[found[1]], found[0]
    state.pos = found.end()
    return True
