"""A message as text that reads well without its looks: where it is shown in a line, and found words are marked in it.

It is made of the HTML that is kept (markup.py wrote it): every mark that is left in there means itself. What comes out
is text, not HTML, whatever goes in.
"""

import re
from html import unescape

from proj.text import ansi

_PART = re.compile(r"<(?P<end>/?)(?P<name>[a-z]+)(?P<attributes>[^<>]*)>|[^<]+|<")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_BLOCKS = {"p", "ul", "ol", "li", "blockquote", "pre"}


def plain(text: str, html: str, *, whole: bool = False) -> str:
    """What a message with this `text` and `html` ("" when it is nothing but text) says.

    With `whole`, what its looks hide stands beside it: where links lead, names of emoji, languages of code.
    """
    if not html:
        return ansi.plain(text)
    writer = _Writer(whole=whole)
    for part in _PART.finditer(html):
        if not part["name"]:
            writer.say(ansi.plain(unescape(part[0])))
        elif part["end"]:
            writer.close(part["name"])
        else:
            writer.open(part["name"], {name: unescape(value) for name, value in _ATTRIBUTE.findall(part["attributes"])})
    return "".join(writer.said)


class _Writer:
    """A line for each block; items of lists have a sign or a number, and what is quoted stands in quotation marks."""

    def __init__(self, *, whole: bool) -> None:
        self.whole = whole
        self.said: list[str] = []
        self._breaks = False  # a line ends before what comes next
        self._begun = False  # by a sign that the first block of an item stands beside
        self._lists: list[int | None] = []  # the number of the next item of each that is open; None: has no numbers
        self._hidden: list[str] = []  # of each open link and span

    def say(self, text: str) -> None:
        if self._breaks and self.said:
            self.said.append("\n")
        self.said.append(text)
        self._breaks = self._begun = False

    def open(self, name: str, attributes: dict[str, str]) -> None:
        if name in _BLOCKS:
            self._breaks = not self._begun
        if name in ("ul", "ol"):
            self._lists.append(int(attributes.get("start", 1)) if name == "ol" else None)
        elif name == "li":
            self._begin(self._sign())
        elif name == "blockquote":
            self._begin("“")
        elif name == "pre" and self.whole and "data-language" in attributes:
            self.say(attributes["data-language"])
            self._breaks = True
        elif name in ("a", "span"):
            self._hidden.append(attributes.get("title", ""))
        if name == "a" and self._hidden[-1] and self.said and self.said[-1].endswith("!"):
            self.said[-1] = self.said[-1][:-1]  # it was typed as an image, which here is a link

    def close(self, name: str) -> None:
        if name == "blockquote":
            self.said.append("”")
        elif name in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif name in ("a", "span") and self._hidden and (hidden := self._hidden.pop()) and self.whole:
            self.say(f" ({hidden})")
        if name in _BLOCKS:
            self._breaks, self._begun = True, False

    def _begin(self, sign: str) -> None:
        self.say(sign)
        self._begun = True

    def _sign(self) -> str:
        indent = "  " * (len(self._lists) - 1) if self._breaks else ""
        number = self._lists[-1] if self._lists else None
        if number is None:
            return f"{indent}• "
        self._lists[-1] = number + 1
        return f"{indent}{number}. "
