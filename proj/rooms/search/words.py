"""What a message can be found by: its words, in one form for every database.

Scripts that write words without spaces between them are taken in pairs of characters: `运维室` is found by `运维`, by
`维室` and by `室`. Everything else is a word, found by how it begins. Case and width of letters do not matter.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

LONGEST = 40  # characters of a word that count

# Han with its extensions, kana, Thai, Lao, Khmer, Myanmar
_DENSE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(rf"(?P<dense>[{_DENSE}]+)|(?:(?![{_DENSE}])[^\W_])+")


@dataclass(frozen=True, slots=True)
class Term:
    """Something that is searched for: a word of the index, or with `begins` any word that begins so."""

    word: str
    begins: bool = False

    @classmethod
    def of(cls, run: str, *, dense: bool, begins: bool) -> list[Self]:
        """What a message has in which `run` stands; with `begins`, where it may be the beginning of a word."""
        if dense and len(run) > 1:
            return [cls(run[at : at + 2]) for at in range(len(run) - 1)]
        return [cls(run[:LONGEST], begins=begins or dense)]


def of(text: str) -> set[str]:
    """The words by which `text` is found."""
    found: set[str] = set()
    for run, dense in runs(text):
        if dense:
            found.update(run[at : at + 2] for at in range(len(run)))
        else:
            found.add(run[:LONGEST])
    return found


def runs(text: str) -> Iterator[tuple[str, bool]]:
    """The words in `text`, folded, each with whether its script writes no spaces: then it may be several words."""
    for found in _RUN.finditer(unicodedata.normalize("NFKC", text).casefold()):
        yield found[0], found["dense"] is not None
