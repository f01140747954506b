"""`.venv/bin/python -m tests.house [CHECKOUT]...`: count how a checkout is built and worded, to compare two of them.

The functions here only read source files, with the standard library, so that they measure any checkout; the tests in
test_architecture.py set the bounds.
"""

import argparse
import ast
import io
import re
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = ("proj", "consumers", "channels_legacy")
PRODUCT = (*CODE, "deploy")
PROSE = (*PRODUCT, "benchmarks", "tests")
MAX_MODULES = 12
# Channels 1.x has more modules side by side, and a team's import lines name them.
MAX_MODULES_OF_NAMES = {"channels_legacy": 14}
# The floors of the house from the ground up. A module may import from its own floor and from those below it.
FLOORS = (
    ("proj.env", "proj.monotonic", "proj.outages", "proj.version"),
    ("proj.layer",),
    ("proj.accounts",),
    ("proj.site",),
    ("proj.rooms",),
    ("proj.runs",),
    ("proj.health",),
    ("consumers",),
    ("proj.asgi",),
)
# Files that follow a stream for the sockets of one process, in either layout.
FEEDS = (
    *("consumers/interface/feeds/*.py", "consumers/interface/transport/outlet.py"),
    *(f"consumers/interface/{name}.py" for name in ("mailbox", "room", "gaps", "outlet", "reading", "stay")),
    *(f"consumers/interface/{name}.py" for name in ("watching", "viewing")),
)
# Everyday words that name no quantity: a constant has a noun, and a number has its unit.
BARE = re.compile(r"_?(LOOK|PORTION|PATIENCE|MOST|LONGEST|TICK|PACE|REST|AGAIN|FAR|BEHIND|SOON|LATE|SETTLED|KEPT)$")
ODD_BEGINNING = re.compile(r"(What|Who|Whoever|Whom|Whose|That which|Those)\b")
WHAT = re.compile(r"\bwhat(ever)?\b", re.I)
WHO = re.compile(r"\bwho(m|ever|se)?\b", re.I)
WORD = re.compile(r"[A-Za-z']+")
PRAGMAS = ("#!", "# type", "# noqa")
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*$")


@dataclass(frozen=True)
class Import:
    """One import of a module of the project."""

    target: str
    line: int
    inside_function: bool


@dataclass(frozen=True)
class Text:
    """A comment or a docstring, and the line it begins on."""

    path: Path
    line: int
    text: str


@dataclass
class Module:
    """One parsed source file. `name` is dotted, a package's own file has the package's name."""

    path: Path
    name: str
    source: str
    tree: ast.Module = field(repr=False)

    @cached_property
    def docstrings(self) -> list[Text]:
        found = []
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if text := ast.get_docstring(node):
                found.append(Text(self.path, node.body[0].lineno, text))
        return found

    @cached_property
    def comments(self) -> list[Text]:
        tokens = tokenize.generate_tokens(io.StringIO(self.source).readline)
        return [
            Text(self.path, token.start[0], token.string.lstrip("# "))
            for token in tokens
            if token.type == tokenize.COMMENT and not token.string.startswith(PRAGMAS)
        ]

    @property
    def prose(self) -> list[Text]:
        return self.comments + self.docstrings

    def imported(self) -> Iterator[tuple[str, int, bool]]:
        """Every imported name, as `module.name`; its line; and whether the import waits in a function."""
        for node, inside in _walk(self.tree, inside=False):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno, inside) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{self.path}: a relative import"
                yield from ((f"{node.module}.{alias.name}", node.lineno, inside) for alias in node.names)

    def constants(self) -> Iterator[tuple[str, ast.expr, int]]:
        """Name, value and line of each constant of the module."""
        for node in self.tree.body:
            if isinstance(node, ast.Assign):
                targets, value = node.targets, node.value
            elif isinstance(node, ast.AnnAssign) and node.value:
                targets, value = [node.target], node.value
            else:
                continue
            for target in targets:
                if isinstance(target, ast.Name) and CONSTANT.match(target.id):
                    yield target.id, value, node.lineno


def _walk(node: ast.AST, *, inside: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        yield child, inside
        yield from _walk(child, inside=inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))


class House:
    """The Python sources of one checkout."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root

    def modules(self, *folders: str) -> list[Module]:
        """The modules under these folders, sorted by path; migrations are history and stay out."""
        return [
            self._parsed(path)
            for folder in folders
            for path in sorted((self.root / folder).rglob("*.py"))
            if not {"migrations", "node_modules"} & set(path.parts)
        ]

    def _parsed(self, path: Path) -> Module:
        if path not in self._known:
            source = path.read_text()
            name = ".".join(path.relative_to(self.root).with_suffix("").parts).removesuffix(".__init__")
            self._known[path] = Module(path, name, source, ast.parse(source))
        return self._known[path]

    @cached_property
    def _known(self) -> dict[Path, Module]:
        return {}

    @cached_property
    def code(self) -> list[Module]:
        """The modules of the product."""
        return self.modules(*CODE)

    # Folders

    def crowds(self) -> dict[str, int]:
        """How many files stand side by side in each folder: Python modules, scripts and style sheets."""
        counts: Counter[str] = Counter()
        for module in self.code:
            if module.path.name != "__init__.py":
                counts[str(module.path.parent.relative_to(self.root))] += 1
        for path in (self.root / "proj" / "static").rglob("*"):
            if path.suffix in (".js", ".css"):
                counts[str(path.parent.relative_to(self.root))] += 1
        return dict(counts)

    # Imports

    @cached_property
    def imports(self) -> dict[str, list[Import]]:
        """The imports of each module of the product among themselves, those under TYPE_CHECKING too."""
        names = {module.name for module in self.code}
        found = {}
        for module in self.code:
            targets = []
            for name, line, inside in module.imported():
                target = name if name in names else name.rpartition(".")[0]
                if target in names and target != module.name:
                    targets.append(Import(target, line, inside))
            found[module.name] = targets
        return found

    def deferred_imports(self) -> list[str]:
        """Imports that wait in a function, each as "module imports module"."""
        return [
            f"{name} imports {one.target}"
            for name, targets in sorted(self.imports.items())
            for one in targets
            if one.inside_function
        ]

    def circles(self, *, deferred: bool = False) -> list[list[str]]:
        """Groups of modules that import each other, with the imports inside functions or without."""
        return circles(
            {
                name: {one.target for one in targets if deferred or not one.inside_function}
                for name, targets in self.imports.items()
            }
        )

    def package_circles(self, package: str) -> list[list[str]]:
        """Groups of packages and modules directly in `package` that import each other."""
        graph: dict[str, set[str]] = defaultdict(set)
        depth = package.count(".") + 2
        for name, targets in self.imports.items():
            for one in targets:
                ends = [".".join(end.split(".")[:depth]) for end in (name, one.target) if within(end, package)]
                if len(ends) == 2 and ends[0] != ends[1] and package not in ends:
                    graph[ends[0]].add(ends[1])
        return circles(graph)

    def climbing(self) -> list[str]:
        """Imports from a lower floor of the house to a higher one."""
        return [
            f"{name} imports {one.target}"
            for name, targets in sorted(self.imports.items())
            for one in targets
            if (here := floor(name)) is not None and (there := floor(one.target)) is not None and there > here
        ]

    # Types

    def lines_with(self, text: str) -> list[str]:
        """The lines of the product that hold `text`, as `module:line`."""
        return [
            f"{module.name}:{number}"
            for module in self.code
            for number, line in enumerate(module.source.splitlines(), 1)
            if text in line
        ]

    def feed_lines(self) -> int:
        """The lines of the files that follow streams for sockets."""
        paths = {path for pattern in FEEDS for path in self.root.glob(pattern)}
        return sum(len(path.read_text().splitlines()) for path in paths)

    # Words

    def word_counts(self, *folders: str) -> tuple[int, int, int]:
        """Count all words of comments and docstrings, and the two interrogative pronouns in all their forms."""
        texts = [one.text for module in self.modules(*folders) for one in module.prose]
        return tuple(sum(len(pattern.findall(text)) for text in texts) for pattern in (WORD, WHAT, WHO))  # type: ignore[return-value]

    def odd_docstrings(self, *folders: str) -> list[str]:
        """Docstrings that begin with a pronoun, or have fewer than four words."""
        return [
            f"{one.path.relative_to(self.root)}:{one.line}: {one.text.splitlines()[0]}"
            for module in self.modules(*folders)
            for one in module.docstrings
            if ODD_BEGINNING.match(one.text) or len(one.text.split()) < 4
        ]

    def shared_constants(self, *folders: str) -> dict[str, list[str]]:
        """Names that stand for different values in different modules, with their places; Django reads settings."""
        values: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for module in self.modules(*folders):
            if module.path.name == "settings.py":
                continue
            for name, value, line in module.constants():
                values[name.lstrip("_")][ast.dump(value)].append(f"{module.path.relative_to(self.root)}:{line}")
        return {
            name: [place for places in by_value.values() for place in places]
            for name, by_value in sorted(values.items())
            if len(by_value) > 1
        }

    def bare_constants(self, *folders: str) -> list[str]:
        """Constants that are named by one everyday word where a noun and a unit belong."""
        return [
            f"{module.path.relative_to(self.root)}:{line}: {name}"
            for module in self.modules(*folders)
            for name, _, line in module.constants()
            if BARE.match(name)
        ]

    def long_functions(self, lines: int = 40) -> list[str]:
        """Functions of the product that are longer than `lines`."""
        return [
            f"{module.name}.{node.name}"
            for module in self.code
            for node in ast.walk(module.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno + 1 > lines
        ]


def within(name: str, *packages: str) -> bool:
    """Return whether a dotted name is one of these packages or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def floor(name: str) -> int | None:
    """Return the number of the floor on which a module stands; None outside the floors (metrics, settings)."""
    return next((number for number, packages in enumerate(FLOORS) if within(name, *packages)), None)


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected groups of more than one node, by Tarjan's algorithm."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(graph.get(node, ())):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return sorted(found)


def packages(house: House) -> Iterable[str]:
    """Return the packages of the product that hold other packages."""
    folders = {module.path.parent for module in house.code}
    parents = {folder.parent for folder in folders if folder.parent != house.root}
    return sorted(".".join(folder.relative_to(house.root).parts) for folder in parents | {house.root / "proj"})


def measured(house: House) -> Iterator[tuple[str, str]]:
    """Yield the lines of the table: a name, and the figures as text."""
    crowds = house.crowds()
    biggest = max(crowds, key=lambda folder: crowds[folder])
    yield "most files side by side", f"{crowds[biggest]} ({biggest})"
    yield f"folders with more than {MAX_MODULES}", str(sum(count > MAX_MODULES for count in crowds.values()))
    yield "imports up the house", str(len(house.climbing()))
    yield "modules in circles", str(sum(map(len, house.circles())))
    yield "  with imports inside functions", str(sum(map(len, house.circles(deferred=True))))
    yield "circles between neighbouring packages", str(sum(len(house.package_circles(one)) for one in packages(house)))
    yield "imports inside functions", str(len(house.deferred_imports()))
    yield "lines with dict[str, Any]", str(len(house.lines_with("dict[str, Any]")))
    yield "lines with dict[str, object]", str(len(house.lines_with("dict[str, object]")))
    yield "lines of feeds", str(house.feed_lines())
    for folder in PROSE:
        words, whats, whos = house.word_counts(folder)
        rates = f"{1000 * whats / max(1, words):.1f} / {1000 * whos / max(1, words):.1f}"
        yield f'"what" / "who" per 1,000 words, {folder}', rates
    words, whats, whos = house.word_counts(*PROSE)
    yield '"what" / "who" per 1,000 words, all', f"{1000 * whats / words:.1f} / {1000 * whos / words:.1f} of {words}"
    yield "names of constants with several values", str(len(house.shared_constants(*PRODUCT)))
    yield "constants named by a bare word", str(len(house.bare_constants(*PRODUCT)))
    yield "odd docstrings, product", str(len(house.odd_docstrings(*CODE)))
    yield "odd docstrings, all", str(len(house.odd_docstrings(*PROSE)))
    yield "functions over 40 lines", str(len(house.long_functions()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.house", description="Count how checkouts are built.")
    parser.add_argument("checkout", nargs="*", type=Path, default=[ROOT], help="this one when none is given")
    parser.add_argument("--list", action="store_true", help="list each finding too")
    options = parser.parse_args()
    houses = [House(path.resolve()) for path in options.checkout]
    tables = [dict(measured(house)) for house in houses]
    for name in tables[0]:
        sys.stdout.write(f"{name:48}" + "".join(f"{table.get(name, ''):>32}" for table in tables) + "\n")
    if options.list:
        for house in houses:
            _list(house)


def _list(house: House) -> None:
    findings = {
        "folders": [f"{folder}: {count}" for folder, count in house.crowds().items() if count > MAX_MODULES],
        "imports up the house": house.climbing(),
        "circles of modules": [" ".join(group) for group in house.circles()],
        "circles with imports inside functions": [" ".join(group) for group in house.circles(deferred=True)],
        "circles of packages": [" ".join(group) for one in packages(house) for group in house.package_circles(one)],
        "imports inside functions": house.deferred_imports(),
        "dict[str, Any]": house.lines_with("dict[str, Any]"),
        "constants": [f"{name}: {' '.join(places)}" for name, places in house.shared_constants(*PRODUCT).items()],
        "bare constants": house.bare_constants(*PRODUCT),
        "docstrings": house.odd_docstrings(*PROSE),
        "long functions": house.long_functions(),
    }
    for title, lines in findings.items():
        sys.stdout.write(f"\n{house.root}: {title}\n" + "".join(f"  {line}\n" for line in lines))


if __name__ == "__main__":
    main()
