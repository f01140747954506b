"""Rules of the parser that keep the lines of a message as people type them: their ends, and their indentation."""

from typing import TYPE_CHECKING

from markdown_it.rules_block.paragraph import paragraph as library_paragraph
from markdown_it.rules_inline.backticks import backtick as library_backtick
from markdown_it.rules_inline.escape import escape as library_escape

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline


def end_quote(state: "StateBlock", _line: int, _end: int, silent: bool) -> bool:
    """End a quote or a list item with its line. CommonMark takes in the next line, which in a chat is the answer."""
    return silent and state.parentType != "table"


def end_item(state: "StateBlock", line: int, _end: int, silent: bool) -> bool:
    """End the paragraph of a list item before a line with less indentation."""
    return silent and state.sCount[line] < state.blkIndent


def paragraph(state: "StateBlock", line: int, end: int, silent: bool) -> bool:
    """Read a paragraph; the indentation of its first line stays, unless it stands behind the sign of a list."""
    in_list = state.parentType == "list"
    library_paragraph(state, line, end, silent)
    text = state.getLines(line, state.line, state.blkIndent, False).rstrip()
    state.tokens[-2].content = text.lstrip() if in_list else text
    return True


def newline(state: "StateInline", silent: bool) -> bool:
    """End a line; the indentation of the next one stays."""
    if state.src[state.pos] != "\n":
        return False
    if not silent:
        state.push("softbreak", "br", 0)
    state.pos += 1
    return True


def escape(state: "StateInline", silent: bool) -> bool:
    r"""Read an escaped mark. A `\` at the end of a line is one: a command of a shell continues there."""
    if state.src[state.pos : state.pos + 2] == "\\\n":
        return False
    return library_escape(state, silent)


def backtick(state: "StateInline", silent: bool) -> bool:
    """Read code between backticks; its lines stay."""
    start = state.pos
    if not library_backtick(state, silent):
        return False
    code = state.tokens[-1] if state.tokens and not state.pending else None
    if not silent and code is not None and code.type == "code_inline":
        text = state.src[start + len(code.markup) : state.pos - len(code.markup)]
        code.content = text.strip("\n") if "\n" in text else code.content
    return True
