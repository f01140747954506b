"""A message as HTML, rendered once, when it is written.

The tokens of parser.py become HTML here and not in the library: only the elements of this file can come out, and all
other text comes out escaped. docs/protocol.md lists the elements.
"""

import logging
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from proj.rooms.text import mentions, parser, references
from proj.rooms.text.mentions import EVERYONE
from proj.rooms.text.parser import has_marks
from proj.text import ansi, unseen

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["EVERYONE", "PLAIN", "Rendered", "link_target", "render"]

logger = logging.getLogger(__name__)

MAX_HTML_CHARACTERS = 65_536  # of one message; a message with more is shown as it was written

_ELEMENTS = {
    "paragraph": "p",
    "blockquote": "blockquote",
    "bullet_list": "ul",
    "list_item": "li",
    "em": "em",
    "strong": "strong",
    "s": "s",
    "thead": "thead",
    "tbody": "tbody",
    "tr": "tr",
}
_ALIGNED = {"text-align:right": ' class="align-right"', "text-align:center": ' class="align-center"'}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as HTML, or "" when it is shown as it was written; and the names in it.

    These are all names that it may mention, and all references that it may have. After settled() they are the keys of
    the names that it does mention.
    """

    html: str = ""
    mentions: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()

    def settled(self, people: Container[str], addresses: Mapping[str, str]) -> "Rendered":
        """Return the message with the mentions of these people and of everybody, and links to these addresses, only."""
        if not self.mentions and not self.references:
            return self
        html = references.settled(self.html, addresses) if self.references else self.html
        return Rendered(*mentions.settled(html, people))


PLAIN = Rendered()


def render(text: str) -> Rendered:
    """Return `text` as HTML. Never raises: a message is worth more than its looks."""
    if not has_marks(text):
        return PLAIN
    shown = unseen.shown(text)
    try:
        rendered = _rendered(shown)
    except Exception:  # a fault of the parser must not keep anybody from speaking
        logger.exception("could not render a message of %s characters; it is shown as it was written", len(text))
        rendered = PLAIN
    return rendered if rendered.html or shown == text else Rendered(f"<p>{escape(shown)}</p>")


def link_target(link: "Token") -> str:
    """Return the address of a link that is hidden behind words, or "" when the words are the address."""
    return "" if link.info == "auto" else str(link.attrs["href"])


def _rendered(text: str) -> Rendered:
    tokens = parser.tokens(text)
    html = "".join(_written(tokens))
    if len(html) > MAX_HTML_CHARACTERS:
        return PLAIN
    return Rendered(html, mentions.candidates(html), references.candidates(html))


def _written(tokens: Sequence["Token"]) -> Iterator[str]:
    box = ""  # of a task, until its text
    for token in tokens:
        if token.type == "list_item_open" and "checked" in token.meta:
            box = _box(checked=token.meta["checked"])
            yield '<li class="task">'
        elif token.type == "inline":
            text = "".join(_written(token.children or []))
            yield f"<label>{box}{text}</label>" if box else text
            box = ""
        elif not token.hidden:  # the paragraphs of a tight list
            if box and token.type != "paragraph_open":
                yield box
                box = ""
            yield _WRITERS[token.type](token) if token.type in _WRITERS else _tag(token)


def _box(*, checked: bool) -> str:
    attribute = ' checked=""' if checked else ""
    return f'<input type="checkbox" disabled=""{attribute}> '


def _tag(token: "Token") -> str:
    kind, _, end = token.type.rpartition("_")
    return f"<{'/' if end == 'close' else ''}{_ELEMENTS[kind]}>"


def _text(token: "Token") -> str:
    return escape(token.content)


def _ordered(token: "Token") -> str:
    start = int(token.attrs.get("start", 1))
    return "<ol>" if start == 1 else f'<ol start="{start}">'


def _link(token: "Token") -> str:
    # its words are the author's, so the title shows the address
    target = link_target(token)
    title = f' title="{escape(target)}"' if target else ""
    href = escape(str(token.attrs["href"]))
    return f'<a href="{href}"{title} target="_blank" rel="noopener noreferrer nofollow ugc">'


def _cell(token: "Token") -> str:
    return f"<{token.tag}{_ALIGNED.get(str(token.attrs.get('style', '')), '')}>"


def _fence(token: "Token") -> str:
    attribute = f' data-language="{escape(token.info)}"' if token.info else ""
    return f"<pre{attribute}><code>{ansi.spans(token.content.removesuffix(chr(10)))}</code></pre>"


_WRITERS: dict[str, Callable[["Token"], str]] = {
    "text": _text,
    "text_special": _text,
    "softbreak": lambda _: "\n",
    "hardbreak": lambda _: "\n",
    "code_inline": lambda token: f"<code>{_text(token)}</code>",
    "fence": _fence,
    "ordered_list_open": _ordered,
    "ordered_list_close": lambda _: "</ol>",
    "table_open": lambda _: '<div class="table" tabindex="0"><table>',  # it scrolls sideways, by keyboard as well
    "table_close": lambda _: "</table></div>",
    "th_open": _cell,
    "td_open": _cell,
    "th_close": lambda _: "</th>",
    "td_close": lambda _: "</td>",
    "link_open": _link,
    "link_close": lambda _: "</a>",
    "emoji": lambda token: f'<span class="emoji" title="{escape(token.info)}">{_text(token)}</span>',
    "reference": lambda token: f'<span class="reference">{_text(token)}</span>',
    "mention": lambda token: f'<span class="mention">{_text(token)}</span>',
}
