"""What a message can be found by: its words, in one form for every database.

Scripts that write words without spaces between them are taken in pairs of characters: `运维室` is found by `运维`, by
`维室` and by `室`. Everything else is a word, found by how it begins. Case and width of letters do not matter.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 40  # characters of a word that count
MOST_TERMS = 20  # of a search; what is beyond is left out

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


def of(text: str) -> set[str]:
    """The words by which `text` is found."""
    found: set[str] = set()
    for run, dense in _runs(text):
        if dense:
            found.update(run[at : at + 2] for at in range(len(run)))
        else:
            found.add(run[:LONGEST])
    return found


def asked(text: str) -> list[Term]:
    """What a person who typed `text` looks for: all of it."""
    terms: dict[Term, None] = {}
    for run, dense in _runs(text):
        if dense and len(run) > 1:
            terms.update((Term(run[at : at + 2]), None) for at in range(len(run) - 1))
        else:
            terms[Term(run[:LONGEST], begins=True)] = None
    return list(terms)[:MOST_TERMS]


def spans(text: str, query: str) -> list[tuple[int, int]]:
    """Where in `text` something stands that `query` asks for, as pairs of positions, in order and not overlapping."""
    runs = sorted({(run, dense) for run, dense in _runs(query)}, key=lambda one: -len(one[0]))[:MOST_TERMS]
    if not runs:
        return []
    parts = [re.escape(run) if dense else rf"(?<![^\W_]){re.escape(run[:LONGEST])}" for run, dense in runs]
    return [found.span() for found in re.finditer("|".join(parts), text, re.IGNORECASE)]


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    for found in _RUN.finditer(unicodedata.normalize("NFKC", text).casefold()):
        yield found[0], found["dense"] is not None
