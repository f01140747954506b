"""Emphasis beside Chinese, Japanese and Korean characters: `**注意：**请重启`.

CommonMark lets a mark of emphasis end behind punctuation only where a space or punctuation follows, and scripts without
spaces have neither. This is the amendment of markdown-cjk-friendly: their punctuation counts as letters here, and their
letters as spaces beside other punctuation. Text without such characters is read as before.
"""

import unicodedata
from collections.abc import Sequence

from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.rules_inline.state_inline import Scanned, StateInline

_WIDE = ("W", "F", "H")  # East Asian widths
_EMOJI_FIRST, _EMOJI_LAST = "\U0001f000", "\U0001faff"  # wide, but used in all scripts
_SELECTORS = ("\ufe00", "\ufe0e"), ("\U000e0100", "\U000e01ef")  # of a variant of the character in front


class State(StateInline):
    """The library's state of a line, with the flanking rules of this module."""

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803 - the library's names
        marker = self.src[start]
        end = start
        while end < self.posMax and self.src[end] == marker:
            end += 1
        before, after = self.src[start - 1] if start else " ", self.src[end] if end < self.posMax else " "
        base = self.src[start - 2] if start > 1 and _is_within(before, _SELECTORS) else before
        left = _may_begin(base, after)
        right = _may_begin(after, base)
        if not canSplitWord:
            left, right = left and (not right or _parts(base, after)), right and (not left or _parts(after, base))
        return Scanned(left, right, end - start)


def _may_begin(outside: str, inside: str) -> bool:
    """Return whether marks between these characters may begin an emphasis; its end has the characters exchanged."""
    if isWhiteSpace(ord(inside)):
        return False
    if not _is_punctuation(inside) or _is_cjk(inside):
        return True
    return isWhiteSpace(ord(outside)) or _is_punctuation(outside) or _is_cjk(outside)


def _parts(outside: str, inside: str) -> bool:
    """Return whether a `_` between these characters stands at the edge of a word. `报告_最终_版.docx` is one word."""
    return _is_punctuation(outside) or (_is_cjk(outside) and _is_punctuation(inside))


def _is_punctuation(character: str) -> bool:
    return isMdAsciiPunct(ord(character)) or isPunctChar(character)


def _is_cjk(character: str) -> bool:
    if character < "\u1100" or _EMOJI_FIRST <= character <= _EMOJI_LAST:
        return False
    return unicodedata.east_asian_width(character) in _WIDE or "\u1100" <= character <= "\u11ff"


def _is_within(character: str, ranges: Sequence[tuple[str, str]]) -> bool:
    return any(first <= character <= last for first, last in ranges)
