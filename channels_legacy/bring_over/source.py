"""One Python file of a tree: its text, its syntax tree, and the faults found while reading it."""

import ast
import codecs
import io
import re
import tokenize
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from channels_legacy.bring_over.python2 import parse
from channels_legacy.bring_over.report import Finding

LINE_WITH_END = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$")


@dataclass
class Source:
    """A decoded file. `path` is relative to the tree, `lines` keep their ends, `tree` is None when nothing helps.

    `parsed` are the lines that the tree was made from: Python 2 is mended in them.
    """

    file: Path
    path: str
    encoding: str
    lines: list[str]
    tree: ast.Module | None
    parsed: list[str]
    faults: list[Finding] = field(default_factory=list)

    def finding(self, node: ast.AST, topic: str, detail: str = "") -> Finding:
        return Finding(self.path, getattr(node, "lineno", 0), topic, detail)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree)) if self.tree else []

    def column(self, number: int, byte_offset: int) -> int:
        """Return the column in the file of an offset in UTF-8 bytes, as the syntax tree has it."""
        line, parsed = self.lines[number - 1], self.parsed[number - 1]
        column = len(parsed.encode("utf-8", "surrogatepass")[:byte_offset].decode("utf-8", "replace"))
        if line[: column + 1] == parsed[: column + 1]:
            return column
        return max(0, len(line) - len(parsed) + column)  # the line was mended to the left of the place

    @cached_property
    def imported(self) -> dict[str, str]:
        """Each name that an import binds, with the dotted name behind it: {"url": "django.conf.urls.url"}."""
        bound = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                bound.update({one.asname or one.name.split(".")[0]: one.name for one in node.names})
            elif isinstance(node, ast.ImportFrom) and not node.level:
                bound.update({one.asname or one.name: f"{node.module}.{one.name}" for one in node.names})
        return bound

    @cached_property
    def bound(self) -> set[str]:
        """The names that a file binds anywhere, by import, assignment, parameter or definition."""
        bound = set(self.imported)
        for node in self.nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                bound.add(node.id)
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                bound.add(node.name)
        return bound

    @property
    def is_test(self) -> bool:
        return any(part.startswith("test") for part in self.path.split("/"))

    @cached_property
    def uses_channels(self) -> bool:
        """Return whether the file imports Channels, before or after its import lines were changed."""
        names = [self.imported[name] for name in self.imported]
        return any(name.split(".")[0] in ("channels", "channels_legacy") for name in names)


def read(file: Path, path: str) -> Source:
    """Return the file with its syntax tree; raise OSError when it cannot be read."""
    raw = file.read_bytes()
    faults = []
    encoding = _declared(raw)
    try:
        text = raw.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        encoding = None
    if encoding is None:
        encoding = "latin-1"  # every byte has a character, and keeps its value when the text is written
        text = raw.decode(encoding)
        faults.append(Finding(path, 0, "encoding"))
    lines = LINE_WITH_END.findall(text)
    tree, parsed, odd = parse(lines)
    faults += [Finding(path, line, "python2", fault) for line, fault in odd.items()]
    if tree is None:
        faults.append(Finding(path, 0, "unparsed"))
    return Source(file, path, encoding, lines, tree, parsed, faults)


def _declared(raw: bytes) -> str | None:
    """Return the encoding that the first lines declare; None when Python knows no such encoding."""
    try:
        return tokenize.detect_encoding(io.BytesIO(raw).readline)[0]
    except (SyntaxError, LookupError):
        return "utf-8-sig" if raw.startswith(codecs.BOM_UTF8) else None
