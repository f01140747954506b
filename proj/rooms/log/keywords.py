"""The keywords of all people, and the search for them in new messages.

A process reads the keywords again when they are KEYWORDS_SECONDS old, so that no message costs a query. While nobody
has any, a message costs one comparison of times.
"""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from proj.monotonic import NEVER
from proj.rooms.text.scripts import UNSPACED

KEYWORDS_SECONDS = 10.0  # until a new keyword is known to all processes
FOLDED_WORD = re.compile(r"\w+")
SPACED_EDGE = rf"[^\W{UNSPACED}]"  # a letter or digit that belongs to the word beside it

Rows = Sequence[tuple[int, str]]  # person and keyword


class Keywords:
    """Finds the people with a keyword in a text: as a whole word, in any case of its letters."""

    def __init__(self, rows: Iterable[tuple[int, str]]) -> None:
        people: dict[str, set[int]] = defaultdict(set)
        for user, word in rows:
            people[word.casefold()].add(user)
        self._by_first: dict[str, list[tuple[re.Pattern[str], set[int]]]] = defaultdict(list)
        self._anywhere: list[tuple[re.Pattern[str], set[int]]] = []  # in scripts that part no words
        for word, users in people.items():
            found = (_pattern(word), users)
            if re.search(f"[{UNSPACED}]", word):
                self._anywhere.append(found)
            elif first := FOLDED_WORD.search(word):
                self._by_first[first[0]].append(found)

    def __bool__(self) -> bool:
        return bool(self._by_first or self._anywhere)

    def found(self, text: str) -> set[int]:
        """Return the ids of the people with a keyword in `text`."""
        folded = text.casefold()
        # A word of a text may go on in a script that parts no words: `web服务`.
        first = {part for word in FOLDED_WORD.findall(folded) for part in (word, *re.split(f"[{UNSPACED}]+", word))}
        likely = [one for word in first & self._by_first.keys() for one in self._by_first[word]]
        people: set[int] = set()
        for pattern, users in (*likely, *self._anywhere):
            if not users <= people and pattern.search(folded):
                people |= users
        return people


def _pattern(word: str) -> re.Pattern[str]:
    before = rf"(?<!{SPACED_EDGE})" if re.match(SPACED_EDGE, word) else ""
    after = rf"(?!{SPACED_EDGE})" if re.match(SPACED_EDGE, word[-1]) else ""
    return re.compile(before + re.escape(word) + after)


class KeywordCache:
    """The keywords as this process has last read them."""

    def __init__(self) -> None:
        self.keywords = Keywords(())
        self.read_at = NEVER  # monotonic seconds

    def current(self, read: Callable[[], Rows]) -> Keywords:
        """Return the keywords, read anew by `read` when they are old."""
        now = time.monotonic()
        if now - self.read_at > KEYWORDS_SECONDS:
            self.keywords, self.read_at = Keywords(read()), now
        return self.keywords


cache = KeywordCache()
