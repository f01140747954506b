"""A message as text that reads well without its marks, for the results of a search.

It comes from the stored HTML (markup.py wrote it) and not from the Markdown: a page of results reads up to 60 messages,
and the Markdown parser takes ten times as long. A mark that means nothing stays. The result is text, not HTML.
"""

import re
from html import unescape

from proj.text import ansi, unseen

_PART = re.compile(r"<(?P<end>/?)(?P<name>[a-z]+)(?P<attributes>[^<>]*)>|[^<]+|<")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_BLOCKS = {"p", "ul", "ol", "li", "blockquote", "pre", "tr"}


def plain(text: str, html: str, *, whole: bool = False) -> str:
    """Return the message with this `text` and `html` ("" when it is shown as it was written) without its marks.

    With `whole`, hidden parts follow their words: the addresses of links, names of emoji, languages of code.
    """
    if not html:
        return ansi.plain(unseen.shown(text))
    writer = _Writer(whole=whole)
    for part in _PART.finditer(html):
        if not part["name"]:
            writer.write(ansi.plain(unescape(part[0])))
        elif part["end"]:
            writer.close(part["name"])
        else:
            attributes = _ATTRIBUTE.findall(part["attributes"])
            writer.open(part["name"], {name: unescape(value) for name, value in attributes})
    return "".join(writer.written)


class _Writer:
    """Writes one line for each block. Items of lists begin with a sign or a number; quotes have quotation marks."""

    def __init__(self, *, whole: bool) -> None:
        self.whole = whole
        self.written: list[str] = []
        self._line_ended = False  # the next text begins a new line
        self._sign_written = False  # the first block of an item or a quote stands beside its sign
        self._numbers: list[int | None] = []  # of the next item of each open list; None: a list without numbers
        self._titles: list[str] = []  # of each open link and span
        self._in_row = False  # the next cell is not the first of its row

    def write(self, text: str) -> None:
        """Write a text inside the present block."""
        if self._line_ended and self.written:
            self.written.append("\n")
        self.written.append(text)
        self._line_ended = self._sign_written = False

    def open(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element of the HTML."""
        if name in _BLOCKS:
            self._line_ended = not self._sign_written
        if name in ("ul", "ol"):
            self._numbers.append(int(attributes.get("start", 1)) if name == "ol" else None)
        elif name == "li":
            self._begin(self._sign(task=attributes.get("class") == "task"))
        elif name == "input":
            self.written.append("☑" if "checked" in attributes else "☐")
        elif name in ("tr", "th", "td"):
            self._part(name)
        elif name == "blockquote":
            self._begin("“")
        elif name == "pre" and self.whole and "data-language" in attributes:
            self.write(attributes["data-language"])
            self._line_ended = True
        elif name in ("a", "span"):
            self._titles.append(attributes.get("title", ""))
        if name == "a" and self._titles[-1] and self.written and self.written[-1].endswith("!"):
            self.written[-1] = self.written[-1][:-1]  # it was typed as an image, which here is a link

    def close(self, name: str) -> None:
        """End an element of the HTML."""
        if name == "blockquote":
            self.written.append("”")
        elif name in ("ul", "ol") and self._numbers:
            self._numbers.pop()
        elif name in ("a", "span") and self._titles and (title := self._titles.pop()) and self.whole:
            self.write(f" ({title})")
        if name in _BLOCKS:
            self._line_ended, self._sign_written = True, False

    def _begin(self, sign: str) -> None:
        self.write(sign)
        self._sign_written = True

    def _part(self, name: str) -> None:
        """Begin a row of a table, or a cell behind the others of its row."""
        if name != "tr":
            self.write(" | " if self._in_row else "")
        self._in_row = name != "tr"

    def _sign(self, *, task: bool) -> str:
        indent = "  " * (len(self._numbers) - 1) if self._line_ended else ""
        number = self._numbers[-1] if self._numbers else None
        if number is None:
            return indent if task else f"{indent}• "
        self._numbers[-1] = number + 1
        return f"{indent}{number}. "
