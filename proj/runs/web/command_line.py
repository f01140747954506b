"""The words of a command that a person writes in a room: as in a shell, and as phones and input methods write them."""

from collections.abc import Iterator

EQUALS_SIGNS = "=＝"
# The closing quotes of each opening one. Languages use the same pairs in both directions.
_DOUBLE, _SINGLE = "“”„‟〝〞", "‘’‚‛"
CLOSING_QUOTES = {
    '"': '"',
    "'": "'",
    "＂": "＂",
    "＇": "＇",
    **dict.fromkeys(_DOUBLE, _DOUBLE),
    **dict.fromkeys(_SINGLE, _SINGLE),
    **dict.fromkeys("«»", "«»"),
    **dict.fromkeys("‹›", "‹›"),
    "「": "」",
    "『": "』",
}
STRAIGHT_QUOTES = dict.fromkeys(_DOUBLE, '"') | dict.fromkeys(_SINGLE, "'")  # may close a curly one, if none does
APOSTROPHES = "'’＇"


class NotClosed(ValueError):
    """A quote is not closed, or the line ends with a backslash."""


def words(line: str) -> list[str]:
    """Return the words of `line`. Raise NotClosed.

    A quote of any script is a quote where it begins a word or a value; the straight ones are so everywhere, as in a
    shell. An apostrophe between two letters is none. The first equals sign of a word may be full-width.
    """
    return list(_Reader(line).words())


class _Reader:
    def __init__(self, line: str) -> None:
        self.line, self.at = line, 0

    def words(self) -> Iterator[str]:
        while self.at < len(self.line):
            if self.line[self.at].isspace():
                self.at += 1
            else:
                yield self._word()

    def _word(self) -> str:
        word, named = "", False
        begins = True  # a word or a value begins here
        while self.at < len(self.line) and not (sign := self.line[self.at]).isspace():
            if sign in CLOSING_QUOTES and self._opens(sign, begins=begins):
                word += self._quoted(sign)
                begins = False
                continue
            self.at += 1
            begins = sign in EQUALS_SIGNS and not named
            named = named or begins
            word += "=" if begins else self._escaped() if sign == "\\" else sign
        return word

    def _opens(self, sign: str, *, begins: bool) -> bool:
        return begins or (sign in "\"'" and not self._is_apostrophe())

    def _quoted(self, opening: str) -> str:
        """Return the text up to the closing quote, and go behind that."""
        self.at += 1
        text = ""
        closing = self._closing(opening)
        escapes = opening not in "'＇" + _SINGLE
        while self.at < len(self.line):
            sign = self.line[self.at]
            if sign in closing and not self._is_apostrophe():
                self.at += 1
                return text
            if escapes and sign == "\\" and self.line[self.at + 1 : self.at + 2] in ("\\", *closing):
                self.at += 1
                sign = self.line[self.at]
            text += sign
            self.at += 1
        raise NotClosed

    def _closing(self, opening: str) -> str:
        closing = CLOSING_QUOTES[opening]
        if opening in STRAIGHT_QUOTES and not any(sign in closing for sign in self.line[self.at :]):
            return STRAIGHT_QUOTES[opening]
        return closing

    def _escaped(self) -> str:
        """Return the sign after a backslash, and go behind it."""
        if self.at == len(self.line):
            raise NotClosed
        self.at += 1
        return self.line[self.at - 1]

    def _is_apostrophe(self) -> bool:
        if self.line[self.at] not in APOSTROPHES:
            return False
        return self.line[self.at - 1 : self.at].isalnum() and self.line[self.at + 1 : self.at + 2].isalnum()
