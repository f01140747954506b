"""Tables as GitHub has them: a line of names, a line of dashes, and lines of cells, parted by `|`."""

import re
from typing import TYPE_CHECKING

from markdown_it.rules_block.table import escapedSplit
from markdown_it.rules_block.table import table as library_table

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock

MAX_CELLS = 1_000  # of one table; a larger one is shown as it was written

_ITEM = re.compile(r">|(?:[-+*]|\d{1,9}[.)])[ \t]")  # a quote, or an item of a list, may hold a table


def table(state: "StateBlock", line: int, end: int, silent: bool) -> bool:
    """Read a table: markdown-it's rule of this name, with a limit: short lines have as many cells as the first. A line
    with more cells, whose last ones would be lost, makes it no table."""
    start = state.bMarks[line] + state.tShift[line]
    if state.src.find("|", start, state.eMarks[line]) < 0:
        return False
    if _ITEM.match(state.src, start) or not library_table(state, line, end, True):
        return False
    most = state.src.count("|", state.bMarks[line], state.eMarks[line]) + 1
    rows = _rows(state, line, end)
    if most * (2 + len(rows)) > MAX_CELLS:
        return False
    columns = _cells(state, line)
    return all(_cells(state, row) <= columns for row in rows) and (silent or library_table(state, line, end, False))


def _rows(state: "StateBlock", line: int, end: int) -> range:
    """Return the numbers of the lines below the two first ones, as far as the library reads them."""
    rules, parent = state.md.block.ruler.getRules("blockquote"), state.parentType
    state.parentType = "table"
    last = line + 2
    while last < end and not state.isEmpty(last) and state.sCount[last] >= state.blkIndent:
        if last - line > MAX_CELLS or any(rule(state, last, end, True) for rule in rules):
            break
        last += 1
    state.parentType = parent
    return range(line + 2, last)


def _cells(state: "StateBlock", line: int) -> int:
    """Return how many cells the library finds in a line."""
    cells = escapedSplit(state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip())
    return len(cells) - (cells[0] == "") - (len(cells) > 1 and cells[-1] == "")
