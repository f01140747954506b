"""Markdown as people in chat write it, rendered once, when a message is written.

CommonMark by markdown-it-py, without HTML, images and headings. Its tokens become HTML here and not in the library:
only the elements of this file can come out, and everything else that people write comes out escaped.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from proj.rooms.text import emoji
from proj.text import ansi

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

logger = logging.getLogger(__name__)

LARGEST = 65_536  # characters of HTML of one message; what grows beyond is shown as it was written
MOST_MARKS = 1_500  # in one message, code blocks aside: 8,000 would keep the worker busy for 60 ms
MOST_BRACKETS = 300  # of those: each looks for its other half
DEEPEST = 12  # lists and quotes inside each other
EVERYONE = "here"  # `@here`

# What the parser would act on has one of these, and most texts have none; the second look is slower, and more exact.
_HINTS = re.compile(r"[*_~`\\@:\]]")
_LINE = re.compile(r"^[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t])", re.MULTILINE)  # quotes and lists
_MARKS = re.compile(
    r"""
      \*\S | \S\* | (?<!\w)_ | _(?!\w) | ~~ | ` | \]\(  # *emphasis* _emphasis_ ~~strike~~ `code` [links](...)
    | :// | mailto: | <[^\s<>]+@ | :[a-z0-9_+-]{1,40}:   # addresses and emoji
    | (?<!\w)@\w                                         # mentions
    | \\[!-/:-@\[-`{-~]                                  # an escaped mark
    """,
    re.VERBOSE | re.IGNORECASE,
)
_COSTLY = re.compile(r"[*_~`\[\]<>@:\\-]|\d[.)]")
_FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,}).*?(?:^[ \t]*\1|\Z)", re.MULTILINE | re.DOTALL)
_SCHEME = re.compile(r"(?<![a-z0-9.+-])(?:https?|mailto)$", re.IGNORECASE)
_ADDRESS = re.compile(r":(?://)?[^\s<>\"'`\\|^{}\x00-\x1f]+")
_TRAILING = re.compile(r"[.,;:!?)\]*_~»”…]+$")
_WEB = re.compile(r"(?:https?://|mailto:)(?:\w|\[[0-9a-f:])", re.IGNORECASE)
_EMOJI = re.compile(r":([a-z0-9_+-]{1,40}):")
_MENTION = re.compile(r"@(\w(?:[\w.+-]{0,148}\w)?)")
_LANGUAGE = re.compile(r"[\w+#.-]{1,20}")

_ELEMENTS = {
    "paragraph": "p",
    "blockquote": "blockquote",
    "bullet_list": "ul",
    "list_item": "li",
    "em": "em",
    "strong": "strong",
    "s": "s",
}
_PLAIN = {"paragraph_open", "inline", "paragraph_close", "text", "softbreak", "hardbreak"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as HTML, or "" when it is nothing but text; and the names it mentions, as they were written."""

    html: str = ""
    mentions: frozenset[str] = frozenset()


PLAIN = Rendered()


def render(text: str) -> Rendered:
    """What `text` looks like. Never raises: a message is worth more than its looks."""
    if not _marked(text):
        return PLAIN
    try:
        return _rendered(text)
    except Exception:  # a fault of the parser must not keep anybody from speaking
        logger.exception("a message of %s characters is shown as it was written", len(text))
        return PLAIN


def _marked(text: str) -> bool:
    """Whether there may be Markdown in `text`: a few microseconds, where the parser takes a tenth of a millisecond."""
    if _HINTS.search(text) and _MARKS.search(text):
        return True
    return (_LINE.search(text) if "\n" in text else _LINE.match(text)) is not None


def _rendered(text: str) -> Rendered:
    prose = _FENCED.sub("", text)
    if prose.count("[") > MOST_BRACKETS or sum(1 for _ in _COSTLY.finditer(prose)) > MOST_MARKS:
        return PLAIN
    tokens = _parser().parse(text)
    every = list(_flat(tokens))
    # deeper than this the parser gives up, and would show nothing of the rest
    if any(token.level > DEEPEST for token in tokens) or all(map(_is_plain, every)):
        return PLAIN
    if not any(token.content.strip() for token in every if token.type != "inline"):
        return PLAIN  # "-" is a list with nothing in it, and was hardly meant as one
    if not all(_good_address(str(token.attrs["href"])) for token in every if token.type == "link_open"):
        return PLAIN  # the parser lets `[x]()` through
    html = "".join(_written(tokens))
    if len(html) > LARGEST:
        return PLAIN
    return Rendered(html, frozenset(token.content[1:] for token in every if token.type == "mention"))


def _is_plain(token: "Token") -> bool:
    # a backslash before a letter is a token as well, and means itself
    return token.type in _PLAIN or (token.type == "text_special" and token.content == token.markup)


def _flat(tokens: Iterable["Token"]) -> Iterator["Token"]:
    for token in tokens:
        yield token
        yield from token.children or ()


# From tokens to HTML


def _written(tokens: Sequence["Token"]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield from _written(token.children or [])
        elif not token.hidden:  # the paragraphs of a tight list
            yield _WRITERS[token.type](token) if token.type in _WRITERS else _tag(token)


def _tag(token: "Token") -> str:
    kind, _, end = token.type.rpartition("_")
    return f"<{'/' if end == 'close' else ''}{_ELEMENTS[kind]}>"


def _text(token: "Token") -> str:
    return escape(token.content)


def _ordered(token: "Token") -> str:
    start = int(token.attrs.get("start", 1))
    return "<ol>" if start == 1 else f'<ol start="{start}">'


def _link(token: "Token") -> str:
    href = escape(str(token.attrs["href"]))
    # what it says is the author's: where it leads must be there to see
    title = "" if token.info == "auto" else f' title="{href}"'
    return f'<a href="{href}"{title} target="_blank" rel="noopener noreferrer nofollow ugc">'


def _fence(token: "Token") -> str:
    language = _LANGUAGE.match(token.info.strip())
    said = f' data-language="{escape(language[0])}"' if language else ""
    return f"<pre{said}><code>{ansi.spans(token.content.removesuffix(chr(10)))}</code></pre>"


_WRITERS: dict[str, Any] = {
    "text": _text,
    "text_special": _text,
    "softbreak": lambda _: "\n",
    "hardbreak": lambda _: "\n",
    "code_inline": lambda token: f"<code>{_text(token)}</code>",
    "fence": _fence,
    "ordered_list_open": _ordered,
    "ordered_list_close": lambda _: "</ol>",
    "link_open": _link,
    "link_close": lambda _: "</a>",
    "emoji": lambda token: f'<span class="emoji" title="{escape(token.info)}">{_text(token)}</span>',
    "mention": lambda token: f'<span class="mention">{_text(token)}</span>',
}


# From text to tokens


@cache
def _parser() -> "MarkdownIt":
    """Made by whoever renders the first message: most processes never do."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("zero", {"maxNesting": 100})
    parser.enable(["fence", "blockquote", "list", "backticks", "emphasis", "strikethrough"])
    parser.enable(["link", "autolink", "escape", "newline"])
    parser.disable("text_join")  # it would hide that something was escaped
    parser.block.ruler.before("paragraph", "line", _ends_quote, {"alt": ["blockquote"]})
    parser.block.ruler.before("paragraph", "item", _ends_item, {"alt": ["paragraph"]})
    parser.inline.ruler.before("link", "colon", _colon)
    parser.inline.ruler.before("link", "mention", _mention)
    parser.validateLink = _good_address  # type: ignore[method-assign, assignment]
    return parser


def _ends_quote(_state: "StateBlock", _line: int, _end: int, silent: bool) -> bool:
    """CommonMark takes the next line into a quote or a list item; who chats has begun to answer."""
    return silent


def _ends_item(state: "StateBlock", line: int, _end: int, silent: bool) -> bool:
    return silent and state.sCount[line] < state.blkIndent


def _good_address(address: str) -> bool:
    """Whether a message may link there: the web and mail, and nothing that runs or that is ours to fill in."""
    return _WEB.match(address) is not None


def _colon(state: "StateInline", silent: bool) -> bool:
    """An address without brackets, or an emoji's name."""
    if state.src[state.pos] != ":":
        return False
    return _bare_address(state, silent) or _emoji(state, silent)


def _bare_address(state: "StateInline", silent: bool) -> bool:
    scheme = _SCHEME.search(state.pending[-7:])  # with one character more than the longest scheme
    found = _ADDRESS.match(state.src, state.pos, state.posMax)
    if silent or state.linkLevel or not scheme or not found:
        return False
    rest = _untrailed(found[0])
    address = scheme[0] + rest
    href = state.md.normalizeLink(address)
    if not _good_address(href):
        return False
    state.pending = state.pending[: -len(scheme[0])]
    opening = state.push("link_open", "a", 1)
    opening.attrs, opening.info = {"href": href}, "auto"
    state.push("text", "", 0).content = address
    state.push("link_close", "a", -1)
    state.pos += len(rest)
    return True


def _untrailed(address: str) -> str:
    """Without what belongs to the sentence; a bracket that the address itself opened belongs to it."""
    cut = _TRAILING.sub("", address)
    if address[len(cut) :].startswith(")") and "(" in cut:
        cut += ")"
    return cut


def _emoji(state: "StateInline", silent: bool) -> bool:
    found = _EMOJI.match(state.src, state.pos, state.posMax)
    if not found or found[1] not in emoji.BY_NAME:
        return False
    if not silent:
        token = state.push("emoji", "", 0)
        token.content, token.info = emoji.BY_NAME[found[1]], found[0]
    state.pos = found.end()
    return True


def _mention(state: "StateInline", silent: bool) -> bool:
    found = _MENTION.match(state.src, state.pos, state.posMax)
    before = state.src[state.pos - 1 : state.pos]
    if not found or before.isalnum() or before in ("_", "/", "."):
        return False
    if not silent:
        state.push("mention", "", 0).content = found[0]
    state.pos = found.end()
    return True
