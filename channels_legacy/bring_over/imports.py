"""The changes of import lines: `channels` becomes `channels_legacy` where a 1.x name is imported or named."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from channels_legacy.bring_over import names
from channels_legacy.bring_over.report import Change, Finding
from channels_legacy.bring_over.source import Source

# The line of the documents, which changes nearly all imports of a team at once.
SED = r"s/^(\s*(from|import)) channels\b/\1 channels_legacy/"
SED_PATTERN = re.compile(r"^(\s*(?:from|import)) channels\b")
PACKAGE_WORD = re.compile(r"(?<![\w.])channels\b")
DOTTED = re.compile(r"channels((?:\.[A-Za-z_]\w*)+)$")

Places = dict[int, set[int]]


def survey_imports(source: Source) -> tuple[list[Change], list[str], list[Finding]]:
    """Return the changes of a file, its lines after them, and the imports that a change does not help."""
    places: Places = defaultdict(set)
    findings: list[Finding] = []
    if source.tree is None:
        for number, line in enumerate(source.lines, 1):
            if found := SED_PATTERN.match(line):
                places[number].add(found.end(1) + 1)
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and not node.level:
            findings += _from(source, node, places)
        elif isinstance(node, ast.Import):
            findings += _import(source, node, places)
        elif isinstance(node, ast.Name) and node.id == "channels" and _means_channels(source):
            places[node.lineno].add(source.column(node.lineno, node.col_offset))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            _string(source, node, places)
    for node in _installed(source):
        _place(source, node, places)
    return *_changes(source, places), findings


def _below(module: str) -> str | None:
    """Return the part of a module's name below `channels`; None for any other package."""
    first, _, rest = module.partition(".")
    return rest if first in ("channels", names.LEGACY) else None


def _from(source: Source, node: ast.ImportFrom, places: Places) -> Iterator[Finding]:
    module = _below(node.module or "")
    if module is None:
        return
    lost = [names.missing(module, alias.name) for alias in node.names]
    yield from (source.finding(node, *one) for one in lost if one)
    if not all(one and one[0] == "channels 2" for one in lost):
        _place(source, node, places)


def _import(source: Source, node: ast.Import, places: Places) -> Iterator[Finding]:
    for alias in node.names:
        module = _below(alias.name)
        if module is None:
            continue
        parent, _, name = module.rpartition(".")
        lost = names.missing(parent, name) if module else None
        if lost:
            yield source.finding(node, *lost)
        if not (lost and lost[0] == "channels 2"):
            _place(source, alias, places)


def _place(source: Source, node: ast.stmt | ast.alias | ast.Constant, places: Places) -> None:
    """Add the place of the first word `channels` of a node; a continued line may hold it one line lower."""
    for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
        start = source.column(number, node.col_offset) if number == node.lineno else 0
        if found := PACKAGE_WORD.search(source.lines[number - 1], start):
            places[number].add(found.start())
            return


def _means_channels(source: Source) -> bool:
    """Return whether the name `channels` of this file is the package: imported as such, now or before a change."""
    package = source.imported.get("channels")
    if package is not None:
        return _below(package) is not None
    return names.LEGACY in source.imported and "channels" not in source.bound


def _string(source: Source, node: ast.Constant, places: Places) -> None:
    """Add the place of a dotted name of Channels 1.x in quotes, such as "channels.test.base"."""
    found = DOTTED.match(str(node.value))
    if not found:
        return
    module = found[1].strip(".")
    parent, _, name = module.rpartition(".")
    if names.is_known(module) or name in names.KEPT_NAMES.get(parent, ()):
        _place(source, node, places)


def _installed(source: Source) -> Iterator[ast.Constant]:
    """Yield the string "channels" wherever a list of apps holds it."""
    for node in source.nodes:
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id.endswith("APPS") for target in targets):
                for one in ast.walk(node.value):
                    if isinstance(one, ast.Constant) and one.value == "channels":
                        yield one


def _changes(source: Source, places: Places) -> tuple[list[Change], list[str]]:
    lines, changes = list(source.lines), []
    for number, columns in sorted(places.items()):
        old = lines[number - 1]
        new = old
        for column in sorted(columns, reverse=True):
            if PACKAGE_WORD.match(old, column):
                new = f"{new[:column]}{names.LEGACY}{new[column + len('channels') :]}"
        if new != old:
            by_sed = SED_PATTERN.sub(rf"\1 {names.LEGACY}", old) == new
            changes.append(Change(source.path, number, old.rstrip("\r\n"), new.rstrip("\r\n"), by_sed))
            lines[number - 1] = new
    return changes, lines
