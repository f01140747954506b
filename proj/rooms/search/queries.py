"""What a person who searches has typed: words, "words in quotes", and -words that are to be left out.

Everything else in it, whatever it means to a database, is what stands between words. Words are found by how they begin,
quoted ones whole and next to each other, whatever stands between them. The index knows which words a message has, and
not where: it narrows, and the message itself says whether a quote is in it.
"""

import re
import unicodedata
from dataclasses import dataclass

from proj.rooms.search.words import LONGEST, Term, runs

MOST_TERMS = 20  # that are asked for; what is beyond is left out
MOST_QUOTES = 5

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))  # keyboards of phones write these, and whole languages
_QUOTED = re.compile(r'((?<!\S)-)?"([^"]*)"')
_LEFT_OUT = re.compile(r"(?<!\S)-(?=[^\W_])(\S+)")

Run = tuple[str, bool]  # as words.runs() gives it


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. Without `terms` nothing is."""

    terms: tuple[Term, ...] = ()  # the words that a message must have
    without: tuple[tuple[Term, ...], ...] = ()  # and of these groups it may have none whole
    quotes: tuple[str, ...] = ()  # what must stand in it, as patterns of folded text
    unquoted: tuple[str, ...] = ()  # what may not
    marks: tuple[str, ...] = ()  # what is marked where it was found, the longest first

    @property
    def reads(self) -> bool:
        """Whether the index alone cannot say what is found."""
        return bool(self.quotes or self.unquoted)

    def fits(self, text: str) -> bool:
        """Whether the quotes are in a message that has the words, and what is to be left out is not."""
        folded = unicodedata.normalize("NFKC", text).casefold()
        return all(re.search(one, folded) for one in self.quotes) and not any(
            re.search(one, folded) for one in self.unquoted
        )

    def marked(self, text: str) -> int:
        """How many of `marks` stand in `text`."""
        return sum(re.search(mark, text, re.IGNORECASE) is not None for mark in self.marks)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where in `text` what is looked for stands, as pairs of positions, in order and not overlapping."""
        if not self.marks:
            return []
        return [found.span() for found in re.finditer("|".join(self.marks), text, re.IGNORECASE)]


def parsed(text: str) -> Query:
    """The query that somebody typed. There is none that is wrong."""
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    quoted = [(bool(minus), found) for minus, words in _QUOTED.findall(text) if (found := list(runs(words)))]
    text = _QUOTED.sub(" ", text)
    left_out = [found for words in _LEFT_OUT.findall(text) if (found := list(runs(words)))]
    loose = list(runs(_LEFT_OUT.sub(" ", text)))
    quotes = [found for minus, found in quoted if not minus][:MOST_QUOTES]
    # of more than two characters without spaces the index knows the pairs only, and these may stand apart
    unquoted = [found for minus, found in quoted if minus] + list(filter(_is_long, left_out))
    terms = [*(term for found in quotes for term in _terms(found)), *_terms(loose, begin=True)]
    marks = [*map(_quote, quotes), *(_beginning(run) for run in sorted(set(loose), key=lambda run: -len(run[0])))]
    return Query(
        terms=tuple(dict.fromkeys(terms))[:MOST_TERMS],
        without=tuple(tuple(_terms(found, begin=True)) for found in left_out if not _is_long(found))[:MOST_TERMS],
        quotes=tuple(map(_quote, quotes)),
        unquoted=tuple(map(_quote, unquoted[:MOST_QUOTES])),
        marks=tuple(dict.fromkeys(marks))[:MOST_TERMS],
    )


def _terms(found: list[Run], *, begin: bool = False) -> list[Term]:
    """The words of the index that a message with these has; with `begin`, it may have longer ones."""
    return [term for run, dense in found for term in Term.of(run, dense=dense, begins=begin)]


def _is_long(found: list[Run]) -> bool:
    return any(dense and len(run) > 2 for run, dense in found)


def _quote(found: list[Run]) -> str:
    """A pattern of these, whole and in this order, with nothing but signs and spaces between them."""
    pattern, before = "", None
    for run, dense in found:
        if before is not None:
            pattern += r"[\W_]*" if dense or before else r"[\W_]+"
        pattern += re.escape(run) if dense else rf"(?<![^\W_]){re.escape(run)}(?![^\W_])"
        before = dense
    return pattern


def _beginning(run: Run) -> str:
    word, dense = run
    return re.escape(word) if dense else rf"(?<![^\W_]){re.escape(word[:LONGEST])}"
