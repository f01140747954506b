"""The query of a search: words, "words in quotes", and excluded -words.

Every other sign only separates words, even if it means something to a database. A word is found by its beginning;
quoted words are found whole and next to each other, with any signs between them. Words that signs join are a unit, and
found with just these signs: an address, a path, a version, `web-3`. The index knows the words of a message but not
their places: it narrows the search, and the text of the message decides about quotes and units.
"""

import re
import unicodedata
from dataclasses import dataclass

from proj.rooms.search.words import MAX_WORD_CHARACTERS, Term, runs

MAX_TERMS = 20  # of one query; further ones are ignored
MAX_QUOTES = 5

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))  # keyboards of phones write these, and whole languages
_QUOTED = re.compile(r'((?<!\S)-)?"([^"]*)"')
# One or two letters after a minus are an option of a command (`rm -rf`). It excludes nothing, and is found with the
# minus sign.
_EXCLUDED = re.compile(r"(?<!\S)-(?![A-Za-z]{1,2}(?!\S))(?=[^\W_])(\S+)")
_SHORT_OPTION = re.compile(r"(?<!\S)-[A-Za-z]{1,2}(?!\S)")
# Letters joined by nothing but minus signs are words: `roll-out` may be written `roll out`.
_JOINED_WORDS = re.compile(r"(?<![^\W_])[^\W_]++(?:[-./:@_#~+%&=?]{1,3}[^\W_]++)+")
_ONLY_HYPHENS = re.compile(r"(?:[^\W\d_]+-)+[^\W\d_]+")

Run = tuple[str, bool]  # a result of words.runs()


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. Without `terms` it finds nothing."""

    terms: tuple[Term, ...] = ()  # words that a message must have
    without: tuple[tuple[Term, ...], ...] = ()  # groups of words; a message may have no group whole
    quotes: tuple[str, ...] = ()  # patterns that must match the folded text
    unquoted: tuple[str, ...] = ()  # patterns that must not match the folded text
    marks: tuple[str, ...] = ()  # patterns of the highlighted parts, the longest first
    excluded: tuple[str, ...] = ()  # the -words, without the minus signs
    literal: str = ""  # the query that finds them as they are written

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
    text = whole = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    quoted = [(bool(minus), found) for minus, words in _QUOTED.findall(text) if (found := list(runs(words)))]
    text = _QUOTED.sub(" ", text)
    left_out = [(words, found) for words in _EXCLUDED.findall(text) if (found := list(runs(words)))]
    text = _EXCLUDED.sub(" ", text)
    units = [one for one in _JOINED_WORDS.findall(text) if _is_unit(one)][:MAX_QUOTES]
    for unit in units:
        text = text.replace(unit, " ", 1)
    options = _SHORT_OPTION.findall(text)[:MAX_QUOTES]
    text = _SHORT_OPTION.sub(" ", text, MAX_QUOTES)
    loose = list(runs(text))
    quotes = [found for minus, found in quoted if not minus][:MAX_QUOTES]
    patterns = (*map(_quote, quotes), *map(_unit, units), *map(_option, options))
    # In scripts without spaces the index knows only pairs of characters, and the pairs of a word may stand apart.
    unquoted = [_quote(found) for minus, found in quoted if minus]
    unquoted += [
        _unit(words) if _is_unit(words) else _quote(found) for words, found in left_out if _reads(words, found)
    ]
    excluded = [found for words, found in left_out if not _reads(words, found)]
    terms = [*(term for found in quotes for term in _terms(found)), *_terms(loose, begin=True)]
    terms = [*(term for unit in units for term in _terms_of_unit(unit)), *terms]
    terms += [term for option in options for term in _terms(list(runs(option)), begin=True)]
    marks = [*patterns, *(_beginning(run) for run in sorted(set(loose), key=lambda run: -len(run[0])))]
    return Query(
        terms=tuple(dict.fromkeys(terms))[:MAX_TERMS],
        without=tuple(tuple(_terms(found, begin=True)) for found in excluded)[:MAX_TERMS],
        quotes=patterns,
        unquoted=tuple(unquoted[:MAX_QUOTES]),
        marks=tuple(dict.fromkeys(marks))[:MAX_TERMS],
        excluded=tuple(dict.fromkeys(words for words, _ in left_out))[:MAX_QUOTES],
        literal=_EXCLUDED.sub(r'"-\1"', whole) if left_out else "",
    )


def _is_unit(text: str) -> bool:
    """Return whether `text` is words of letters and digits that signs join to one thing."""
    joined = _JOINED_WORDS.fullmatch(text) is not None and _ONLY_HYPHENS.fullmatch(text) is None
    return joined and not any(dense for _, dense in runs(text))


def _reads(words: str, found: list[Run]) -> bool:
    """Return whether the index cannot decide about these excluded words."""
    return _is_unit(words) or _is_long(found)


def _is_whole(unit: str) -> bool:
    """Return whether a unit is one to its end: with a digit there it is no beginning, nor is an IPv6 address."""
    return any(sign.isdigit() for sign in re.split(r"[\W_]", unit)[-1]) or unit.count(":") > 1


def _unit(unit: str) -> str:
    """Return the pattern of a unit with its signs."""
    return rf"(?<![^\W_]){re.escape(unit.casefold())}" + (r"(?![^\W_])" if _is_whole(unit) else "")


def _option(option: str) -> str:
    """Return the pattern of an option of a command with its minus sign: `-rf`, which also begins `-rfv`."""
    return rf"(?<![\w-]){re.escape(option.casefold())}"


def _terms_of_unit(unit: str) -> list[Term]:
    found = list(runs(unit))
    return [*_terms(found[:-1]), *_terms(found[-1:], begin=not _is_whole(unit))]


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
