"""Blocks of code between fences, as people type them in chats: no text beside a fence is lost.

CommonMark hides the text behind the opening fence. Here only the name of a language (languages.txt) is a name; any
other text is the first line of the code. A block also ends with a line that has its last code before the fence, or
text behind it where nothing else could end the block.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock

# A fence that ends in its own line is a code span. The second pattern finds blocks of code in a text without parsing
# it: none that stands inside a list or a quote, and never more than the block.
_OPENING = re.compile(r"(?P<fence>`{3,}+|~{3,}+)(?!.*(?P=fence))(?P<beside>.*)")
_OUTERMOST = re.compile(r"^(?P<fence>`{3,}+|~{3,}+)(?!.*(?P=fence)).*(?:\n|\Z)(?s:.*?)(?:(?P=fence)|\Z)", re.MULTILINE)

# `log: ```⏎...⏎``` `: a fence that opens behind text is a code span, which the next such fence closes and not opens.
_BEHIND_TEXT = re.compile(r"^(?![ \t]*```).*[^`\n](?P<fence>`{3,}+)[\w+#.-]*[ \t]*\n", re.MULTILINE)

_LANGUAGE_NAMES = frozenset((Path(__file__).parent / "languages.txt").read_text().split())


def fence(state: "StateBlock", line: int, end: int, silent: bool) -> bool:
    """Read a block of code: markdown-it's rule of this name, with the text beside the fences."""
    opening = _OPENING.match(state.src, state.bMarks[line] + state.tShift[line], state.eMarks[line])
    if not opening:
        return False
    if silent:
        return not _closes_span(state, line, opening["fence"])
    last, beside_closing = _closing(state, line + 1, end, opening["fence"])
    is_closed = last < end and state.sCount[last] >= state.blkIndent
    if not is_closed:
        last = _ended_before_text(state, line + 2, last, opening["fence"])
    code = state.getLines(line + 1, last, state.sCount[line], True) + beside_closing
    beside = opening["beside"].rstrip()
    named = beside.strip().lower() in _LANGUAGE_NAMES and code.strip()
    token = state.push("fence", "code", 0)
    token.info = beside.strip() if named else ""
    token.content = code if named or not beside else f"{beside}\n{code}"
    state.line = last + 1 if is_closed else last
    token.map = [line, state.line]
    return True


def prose(text: str) -> str:
    """Return a text without its blocks of code; the whole text where a fence opens behind other text."""
    return text if _BEHIND_TEXT.search(text) else _OUTERMOST.sub("", text)


def _closes_span(state: "StateBlock", line: int, fence: str) -> bool:
    """Return whether the fence of this line closes a code span that begins in the present paragraph."""
    if state.parentType != "paragraph":
        return False
    before = state.src[state.bMarks[state.line] : state.bMarks[line]]
    opened = _BEHIND_TEXT.search(before)
    return opened is not None and opened["fence"] == fence and fence not in before[opened.end() :]


def _ended_before_text(state: "StateBlock", first: int, end: int, fence: str) -> int:
    """Return the end of a block that no fence closes: the only line that begins with the fence and has text behind it,
    else `end`. From then on that line begins with the text."""
    begins = [state.bMarks[number] + state.tShift[number] for number in range(first, end)]
    fenced = [first + n for n, begin in enumerate(begins) if state.src.startswith(fence, begin)]
    if len(fenced) != 1:
        return end
    start = begins[fenced[0] - first] + len(fence)
    text = state.src[start : state.eMarks[fenced[0]]].strip()
    if text.lower() in _LANGUAGE_NAMES or fence[0] in text:
        return end
    state.bMarks[fenced[0]] = state.src.index(text, start)
    state.tShift[fenced[0]], state.sCount[fenced[0]] = 0, state.blkIndent
    return fenced[0]


def _closing(state: "StateBlock", first: int, end: int, fence: str) -> tuple[int, str]:
    """Return the number of the line that closes the block, and its code before the fence; `end` when none does."""
    for number in range(first, end):
        if state.sCount[number] < state.blkIndent and not state.isEmpty(number):
            return number, ""  # the list or quote ends
        text = state.getLines(number, number + 1, state.sCount[first - 1], False).rstrip()
        code = text.rstrip(fence[0])
        if len(text) - len(code) >= len(fence) and fence not in code:
            return number, code.strip() and code
    return end, ""
