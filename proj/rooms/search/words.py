"""The words of a message by which a search finds it, in one form for every database.

A script without spaces between words is taken in pairs of characters: `运维室` is found by `运维`, `维室` and `室`.
Every other word is found by its beginning. Case and width of letters do not matter.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

MAX_WORD_CHARACTERS = 40  # further ones are ignored

# Han with its extensions, kana, Thai, Lao, Khmer, Myanmar
_DENSE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(rf"(?P<dense>[{_DENSE}]+)|(?:(?![{_DENSE}])[^\W_])+")


@dataclass(frozen=True, slots=True)
class Term:
    """A search term: one word of the index, or with `begins` every word that begins so."""

    word: str
    begins: bool = False

    @classmethod
    def of(cls, run: str, *, dense: bool, begins: bool) -> list[Self]:
        """Return the terms of a message that has `run`; with `begins`, the run may be only the beginning of a word."""
        if dense and len(run) > 1:
            return [cls(run[at : at + 2]) for at in range(len(run) - 1)]
        return [cls(run[:MAX_WORD_CHARACTERS], begins=begins or dense)]


def of(text: str) -> set[str]:
    """Return the words by which `text` is found."""
    found: set[str] = set()
    for run, dense in runs(text):
        if dense:
            found.update(run[at : at + 2] for at in range(len(run)))
        else:
            found.add(run[:MAX_WORD_CHARACTERS])
    return found


def runs(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the runs of letters in `text`, folded, each with whether its script has no spaces and it may be several."""
    for found in _RUN.finditer(unicodedata.normalize("NFKC", text).casefold()):
        yield found[0], found["dense"] is not None
