"""Parse source text that may be Python 2: a line that Python 3 refuses is mended in a copy, or left out of it.

The copy keeps the number of lines, so that every node of the tree has its line in the file.
"""

import ast
import re
import warnings

MAX_REPAIRS = 200
# Each line: a name for people, a pattern, and the replacement that Python 3 can parse.
REPAIRS = (
    ("print statement", re.compile(r"^(\s*|.*[:;]\s*)print\b\s*(?:>>\s*)?(?=[^\s(=.,)])"), r"\1"),
    ("except with a comma", re.compile(r"\bexcept\s+(\(.*\)|[\w.]+)\s*,\s*([\w.]+)\s*:"), r"except \1 as \2:"),
    ("raise with a comma", re.compile(r"\braise\s+(?=[\w.]+\s*,)"), ""),
    ("exec statement", re.compile(r"^(\s*|.*[:;]\s*)exec\s+"), r"\1"),
    ("octal number", re.compile(r"(?<![\w.])0(\d+)\b"), r"0o\1"),
    ("long number", re.compile(r"(?<![\w.])(\d+|0[xX][0-9a-fA-F]+)[lL]\b"), r"\1"),
    ("ur string", re.compile(r"\b[uU][rR](?=['\"])"), "r"),
    ("backquotes", re.compile(r"`"), ""),
    ("the operator <>", re.compile(r"<>"), "!="),
)


def parse(lines: list[str]) -> tuple[ast.Module | None, list[str], dict[int, str]]:
    """Return the syntax tree, the lines that it was made from, and the faults of the lines changed for it, by number.

    The tree is None when the text cannot be parsed after MAX_REPAIRS changes.
    """
    lines, faults = list(lines), dict[int, str]()
    for _ in range(MAX_REPAIRS):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # invalid escapes in old regular expressions
                return ast.parse("".join(lines)), lines, faults
        except SyntaxError as error:
            number = min(max(error.lineno or 1, 1), len(lines) or 1)
            if not lines or (mended := _mended(lines, number, faults)) is None:
                return None, lines, faults
            lines = mended
        except (ValueError, RecursionError, MemoryError):
            return None, lines, faults
    return None, lines, faults


def _mended(lines: list[str], number: int, faults: dict[int, str]) -> list[str] | None:
    """Return the lines with the one at `number` changed; None when nothing is left to change there."""
    line = lines[number - 1]
    body = line.rstrip("\r\n")
    end = line[len(body) :]
    if "\t" in body[: len(body) - len(body.lstrip())] and any(one.startswith(("\t", " ")) for one in lines):
        faults.setdefault(number, "mixed tabs and spaces")
        return [_expanded(one) for one in lines]
    for name, pattern, replacement in REPAIRS:
        changed = pattern.sub(replacement, body)
        if changed != body and changed.strip():
            faults.setdefault(number, name)
            return [*lines[: number - 1], changed + end, *lines[number:]]
    if not body.strip():
        return None
    faults.setdefault(number, "a line that Python 3 cannot parse")
    indent = body[: len(body) - len(body.lstrip())]
    blank = "if True:" if body.rstrip().endswith(":") else "pass"
    if body.strip() in ("pass", "if True:"):
        indent, blank = "", ""
    return [*lines[: number - 1], indent + blank + end, *lines[number:]]


def _expanded(line: str) -> str:
    """Return a line with an indentation of spaces alone; a tab reached to a multiple of eight columns."""
    body = line.lstrip(" \t\x0c")
    return line[: len(line) - len(body)].expandtabs(8) + body
