"""Escape sequences of terminals (ECMA-48) in a text: their forms, and the text without them.

Every sequence is one match of SEQUENCE. The browser has the same patterns (static/runs/terminal/ansi.js): they mean the
same in both languages.
"""

import re

# Groups: 1 the parameters of SGR; 2 and 3 the parameters and the letter of a movement or an erasure; 4 the address of a
# link (OSC 8); 5 a private sequence with a meaning for a line. All others match without a group and are removed. Of a
# string that does not end (titles, the clipboard) only the beginning matches, so that it hides nothing behind it.
SEQUENCE = re.compile(
    r"\x1b(?:"
    r"\[([0-9;:]{0,120})m"
    r"|\[([0-9;]{0,40})([@A-KPXa`fsu])"
    r"|\[[0-?]*[ -/]*[@-~]?"
    r"|\]8;[^;\x07\x1b\n]*;([^\x07\x1b\n]*)(?:\x07|\x1b\\)"
    r"|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)"
    r"|[\]PX^_]"
    r"|([78cDEM])"
    r"|[ -/]*[0-~]"
    r"|)"
)
_MOVEMENT = re.compile(
    r"\x1b(?:\[[0-9;]{0,40}[@A-KPXa`fsu]|[78cDEM])"
)  # for which a line needs cells, as for \b and \r
_OTHER = re.compile(r"\x1b(?!\[[0-9;:]{0,120}m)")  # a sequence that is no SGR
_ONE_CHARACTER = re.compile(r"[\x84\x85\x8d\x90\x98\x9b-\x9f]")  # C1: the same as ESC and a letter
_ONE_CHARACTER_OFFSET = 0x40  # from a character of C1 to that letter
_WEB_ADDRESS = re.compile(r"[hH][tT][tT][pP][sS]?://[A-Za-z0-9_\[][!-~]{0,1990}")  # that a link may have

# The same rules for the browser (static/runs/terminal/ansi.js).
BROWSER_RULES = {
    "sequence": SEQUENCE.pattern,
    "movement": _MOVEMENT.pattern,
    "other": _OTHER.pattern,
    "c1": _ONE_CHARACTER.pattern,
    "c1Offset": _ONE_CHARACTER_OFFSET,
    "link": _WEB_ADDRESS.pattern,
}

matches = SEQUENCE.finditer


def plain(text: str) -> str:
    """Return `text` without its sequences. A sequence ends with its line, so no line is lost."""
    return SEQUENCE.sub("", text) if "\x1b" in text else text


def moves(text: str) -> bool:
    """Return whether `text` moves the cursor back, or erases."""
    return "\r" in text or "\b" in text or _MOVEMENT.search(text) is not None


def without_c1(text: str) -> str:
    """Return `text` with ESC and a letter for every sequence of C1."""
    return (
        text
        if text.isascii()
        else _ONE_CHARACTER.sub(lambda found: f"\x1b{chr(ord(found[0]) - _ONE_CHARACTER_OFFSET)}", text)
    )


def has_c1(text: str) -> bool:
    """Return whether `text` has sequences of C1."""
    return not text.isascii() and _ONE_CHARACTER.search(text) is not None


def only_styles(text: str) -> str:
    r"""Return `text` with colours and links, which end with `\x1b\\`, and no other sequences."""
    return SEQUENCE.sub(_style, text) if _OTHER.search(text) else text


def is_safe(address: str) -> bool:
    """Return whether output may link to `address`: to the web, without spaces and control characters."""
    return _WEB_ADDRESS.fullmatch(address) is not None


def _style(found: re.Match[str]) -> str:
    if found[1] is not None:
        return found[0]
    return "" if found[4] is None else link(found[4])


def link(address: str) -> str:
    """Return the sequence behind which text links to `address`, "" for none."""
    return f"\x1b]8;;{address if is_safe(address) else ''}\x1b\\"
