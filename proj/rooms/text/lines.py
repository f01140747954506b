"""The parser of a line, and rules that keep lines as people type them: their ends, and their indentation."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from markdown_it.parser_inline import ParserInline, RuleFuncInlineType
from markdown_it.rules_block.paragraph import paragraph as library_paragraph
from markdown_it.rules_inline.backticks import backtick as library_backtick
from markdown_it.rules_inline.escape import escape as library_escape
from markdown_it.rules_inline.link import link as library_link

from proj.rooms.text import emphasis
from proj.text import unseen

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
    from markdown_it.utils import EnvType

_PAIRED = "*_~"  # marks whose other half is looked for when the line is read


class LineParser(ParserInline):
    """The library's parser of a line. It asks a rule only at the characters of the rule: of a usual message, few."""

    def __init__(self, rules: Mapping[str, Sequence[RuleFuncInlineType]]) -> None:
        """`rules`: by character, the rules that are asked where the character stands, in this order."""
        super().__init__()
        self._rules = {"]": (), **rules}  # the end of a link's words is looked for
        self._next = re.compile(f"[{re.escape(''.join(self._rules))}]").search

    def parse(self, src: str, md: "MarkdownIt", env: "EnvType", tokens: list["Token"]) -> list["Token"]:
        """Add the tokens of the line `src` to `tokens`."""
        state = emphasis.State(src, md, env, tokens)
        self.tokenize(state)
        if any(mark in src for mark in _PAIRED):
            for rule in self.ruler2.getRules(""):
                rule(state)
        return state.tokens

    def tokenize(self, state: "StateInline") -> None:
        """Add the tokens of the line up to the end of the state."""
        src, end = state.src, state.posMax
        while found := self._next(src, state.pos, end):
            pos = found.start()
            if pos > state.pos:
                state.append_pending(src[state.pos : pos])
                state.pos = pos
            for rule in self._rules[found[0]]:
                if rule(state, False):
                    break
            else:
                state.append_pending(found[0])
                state.pos += 1
        if state.pos < end:
            state.append_pending(src[state.pos : end])
            state.pos = end
        if state.pending:
            state.pushPending()

    def skipToken(self, state: "StateInline") -> None:  # noqa: N802 - the library's name
        """Go behind the next token, or behind the text in front of it, without adding a token."""
        pos = state.pos
        if pos not in state.cache:
            state.cache[pos] = self._behind(state)
        state.pos = state.cache[pos]

    def _behind(self, state: "StateInline") -> int:
        pos, end = state.pos, state.posMax
        if state.level >= state.md.options["maxNesting"]:
            return end + 1
        found = self._next(state.src, pos, end)
        if not found or found.start() > pos:
            return found.start() if found else end
        state.level += 1  # as the library does, to limit the recursion
        try:
            for rule in self._rules[found[0]]:
                if rule(state, True):
                    return state.pos
        finally:
            state.level -= 1
        return pos + 1


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


def link(state: "StateInline", silent: bool) -> bool:
    """Read a link. One without visible words, such as a pasted image without a text, stays as it was typed."""
    end = state.src.find("](", state.pos, state.posMax)
    return end >= 0 and unseen.is_seen(state.src[state.pos + 1 : end]) and library_link(state, silent)
