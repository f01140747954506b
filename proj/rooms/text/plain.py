"""A message as text that reads well without its marks, for the results of a search.

It comes from the same tokens as the HTML (markup.py): a mark that means nothing stays. The result is text, not HTML.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from proj.rooms.text import markup, parser
from proj.text import ansi

if TYPE_CHECKING:
    from markdown_it.token import Token

_LINE_BREAKS = {"softbreak", "hardbreak"}
_TEXT = {"text", "text_special", *_LINE_BREAKS}


def plain(text: str, *, whole: bool = False) -> str:
    """Return the Markdown `text` without its marks.

    With `whole`, hidden parts follow their words: the addresses of links, names of emoji, languages of code.
    """
    tokens = parser.tokens(text) if parser.has_marks(text) else []
    if not tokens:
        return ansi.plain(text)
    writer = _Writer(whole=whole)
    writer.write(tokens)
    return "".join(writer.written)


class _Writer:
    """Writes one line for each block. Items of lists begin with a sign or a number; quotes have quotation marks."""

    def __init__(self, *, whole: bool) -> None:
        self.whole = whole
        self.written: list[str] = []
        self._line_ended = False  # the next text begins a new line
        self._sign_written = False  # the first block of an item or a quote stands beside its sign
        self._numbers: list[int | None] = []  # of the next item of each open list; None: a list without numbers
        self._targets: list[str] = []  # of each open link; "" where its words are the address

    def write(self, tokens: Sequence["Token"]) -> None:
        """Write the text of the tokens. Neighbouring texts are one, so that no escape sequence is torn apart."""
        text = ""
        for token in tokens:
            if token.type in _TEXT:
                text += "\n" if token.type in _LINE_BREAKS else token.content
                continue
            self._say(text)
            text = ""
            if token.type == "inline":
                self.write(token.children or [])
            elif not token.hidden:  # the paragraphs of a tight list
                self._write(token)
        self._say(text)

    def _write(self, token: "Token") -> None:
        match token.type:
            case "paragraph_open":
                self._begin_block()
            case "bullet_list_open" | "ordered_list_open":
                self._begin_block()
                self._numbers.append(int(token.attrs.get("start", 1)) if token.tag == "ol" else None)
            case "list_item_open":
                self._begin_block(self._sign())
            case "blockquote_open":
                self._begin_block("“")
            case "blockquote_close":
                self.written.append("”")
                self._end_block()
            case "bullet_list_close" | "ordered_list_close":
                self._numbers.pop()
                self._end_block()
            case "paragraph_close" | "list_item_close":
                self._end_block()
            case "fence":
                self._fence(token)
            case "link_open":
                self._open_link(token)
            case "link_close":
                self._hidden(self._targets.pop())
            case "emoji":
                self._say(token.content)
                self._hidden(token.info)
            case "code_inline" | "mention":
                self._say(token.content)

    def _say(self, text: str) -> None:
        if not text:
            return
        if self._line_ended and self.written:
            self.written.append("\n")
        self.written.append(ansi.plain(text))
        self._line_ended = self._sign_written = False

    def _hidden(self, text: str) -> None:
        if text and self.whole:
            self._say(f" ({text})")

    def _begin_block(self, sign: str = "") -> None:
        self._line_ended = not self._sign_written
        if sign:
            self._say(sign)
            self._sign_written = True

    def _end_block(self) -> None:
        self._line_ended, self._sign_written = True, False

    def _sign(self) -> str:
        indent = "" if self._sign_written else "  " * (len(self._numbers) - 1)
        number = self._numbers[-1]
        if number is None:
            return f"{indent}• "
        self._numbers[-1] = number + 1
        return f"{indent}{number}. "

    def _fence(self, token: "Token") -> None:
        self._begin_block()
        if self.whole and (language := markup.language(token)):
            self._say(language)
            self._line_ended = True
        self._say(ansi.plain(token.content.removesuffix("\n")))
        self._end_block()

    def _open_link(self, token: "Token") -> None:
        target = markup.link_target(token)
        self._targets.append(target)
        if target and self.written and self.written[-1].endswith("!"):
            self.written[-1] = self.written[-1][:-1]  # it was typed as an image, which here is a link
