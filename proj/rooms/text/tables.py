"""Tables as GitHub has them: a line of names, a line of dashes, and lines of cells, parted by `|`."""

import re
from typing import TYPE_CHECKING

from markdown_it.rules_block.table import table as library_table

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock

MAX_CELLS = 1_000  # of one table; a larger one is shown as it was written

_ITEM = re.compile(r">|(?:[-+*]|\d{1,9}[.)])[ \t]")  # a quote, or an item of a list, may hold a table


def table(state: "StateBlock", line: int, end: int, silent: bool) -> bool:
    """Read a table: markdown-it's rule of this name, with a limit: short lines have as many cells as the first."""
    start = state.bMarks[line] + state.tShift[line]
    if state.src.find("|", start, state.eMarks[line]) < 0:
        return False
    if _ITEM.match(state.src, start) or not library_table(state, line, end, True):
        return False
    columns = state.src.count("|", state.bMarks[line], state.eMarks[line]) + 1
    last = next((number for number in range(line, end) if state.isEmpty(number)), end)
    return columns * (last - line) <= MAX_CELLS and (silent or library_table(state, line, end, False))
