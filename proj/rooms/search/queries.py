"""The query of a search: words, "words in quotes", and excluded -words.

Every other character only separates words, even if it means something to a database. A word is found by its beginning;
quoted words are found whole and next to each other, with any signs between them. The index knows the words of a message
but not their places: it narrows the search, and the text of the message decides about quotes.
"""

import re
import unicodedata
from dataclasses import dataclass

from proj.rooms.search.words import MAX_WORD_CHARACTERS, Term, runs

MAX_TERMS = 20  # of one query; further ones are ignored
MAX_QUOTES = 5

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))  # keyboards of phones write these, and whole languages
_QUOTED = re.compile(r'((?<!\S)-)?"([^"]*)"')
_EXCLUDED = re.compile(r"(?<!\S)-(?=[^\W_])(\S+)")

Run = tuple[str, bool]  # a result of words.runs()


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. Without `terms` it finds nothing."""

    terms: tuple[Term, ...] = ()  # words that a message must have
    without: tuple[tuple[Term, ...], ...] = ()  # groups of words; a message may have no group whole
    quotes: tuple[str, ...] = ()  # patterns that must match the folded text
    unquoted: tuple[str, ...] = ()  # patterns that must not match the folded text
    marks: tuple[str, ...] = ()  # patterns of the highlighted parts, the longest first

    @property
    def reads(self) -> bool:
        """Return whether the index alone cannot decide, so that the text of each message must be read."""
        return bool(self.quotes or self.unquoted)

    def fits(self, text: str) -> bool:
        """Return whether the `text` of a message that has the words has the quotes, too, and no excluded quote."""
        folded = unicodedata.normalize("NFKC", text).casefold()
        return all(re.search(one, folded) for one in self.quotes) and not any(
            re.search(one, folded) for one in self.unquoted
        )

    def matches(self, text: str) -> int:
        """Return how many of `marks` are in `text`."""
        return sum(re.search(mark, text, re.IGNORECASE) is not None for mark in self.marks)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the places of `marks` in `text`: pairs of positions, in order and not overlapping."""
        if not self.marks:
            return []
        return [found.span() for found in re.finditer("|".join(self.marks), text, re.IGNORECASE)]


def parsed(text: str) -> Query:
    """Return the query in `text`. No text is wrong."""
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    quoted = [(bool(minus), found) for minus, words in _QUOTED.findall(text) if (found := list(runs(words)))]
    text = _QUOTED.sub(" ", text)
    excluded = [found for words in _EXCLUDED.findall(text) if (found := list(runs(words)))]
    loose = list(runs(_EXCLUDED.sub(" ", text)))
    quotes = [found for minus, found in quoted if not minus][:MAX_QUOTES]
    # In scripts without spaces the index knows only pairs of characters, and the pairs of a word may stand apart.
    unquoted = [found for minus, found in quoted if minus] + list(filter(_is_long, excluded))
    terms = [*(term for found in quotes for term in _terms(found)), *_terms(loose, begin=True)]
    marks = [*map(_quote, quotes), *(_beginning(run) for run in sorted(set(loose), key=lambda run: -len(run[0])))]
    return Query(
        terms=tuple(dict.fromkeys(terms))[:MAX_TERMS],
        without=tuple(tuple(_terms(found, begin=True)) for found in excluded if not _is_long(found))[:MAX_TERMS],
        quotes=tuple(map(_quote, quotes)),
        unquoted=tuple(map(_quote, unquoted[:MAX_QUOTES])),
        marks=tuple(dict.fromkeys(marks))[:MAX_TERMS],
    )


def _terms(found: list[Run], *, begin: bool = False) -> list[Term]:
    """Return the words of the index for these runs; with `begin`, words that only begin so match, too."""
    return [term for run, dense in found for term in Term.of(run, dense=dense, begins=begin)]


def _is_long(found: list[Run]) -> bool:
    return any(dense and len(run) > 2 for run, dense in found)


def _quote(found: list[Run]) -> str:
    """Return a pattern of these runs, whole and in this order, with nothing but signs and spaces between them."""
    pattern, before = "", None
    for run, dense in found:
        if before is not None:
            pattern += r"[\W_]*" if dense or before else r"[\W_]+"
        pattern += re.escape(run) if dense else rf"(?<![^\W_]){re.escape(run)}(?![^\W_])"
        before = dense
    return pattern


def _beginning(run: Run) -> str:
    word, dense = run
    return re.escape(word) if dense else rf"(?<![^\W_]){re.escape(word[:MAX_WORD_CHARACTERS])}"
