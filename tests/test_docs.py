"""The documents agree with the tree: named files exist, the glossary is sorted, decisions have their headings."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.house import FLOORS, ROOT, House, within

PAGES = sorted(
    [
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs" / "decisions").glob("*.md"),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        ROOT / "CHANGELOG.md",
        ROOT / "benchmarks" / "README.md",
    ]
)
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
MAX_COLUMNS = 100
TOP = {"proj", "consumers", "deploy", "nginx", "tests", "benchmarks", "docs", ".ci"}
# Files that a document describes before they exist, or as an example.
EXAMPLES = {"consumers/workers/mail.py"}
CODE_SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#([^)]+))?\)|\[[^\]]*\]\(#([^)]+)\)")
BOLD = re.compile(r"\*\*([^*]+)\*\*(,?[^|]*)")
FILE = re.compile(r"(?<![\w/.-])((?:[\w.-]+/)+[\w.-]*)")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchor(heading: str) -> str:
    """Return the anchor that a heading gets on a page of the repository."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def outside_fences(text: str) -> list[str]:
    """Return the lines of a document that are not in a fenced block of code."""
    lines, fenced = [], False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            lines.append(line)
    return lines


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_named_files_exist(page: Path) -> None:
    missing = []
    for word in FILE.findall(page.read_text()):
        name = word.rstrip(".")
        if name.split("/")[0] in TOP and name not in EXAMPLES and "*" not in name:
            missing += [name] if not (ROOT / name).exists() else []
    assert not missing, f"{named(page)} names files that do not exist"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_named_modules_exist(page: Path) -> None:
    missing = []
    for span in CODE_SPAN.findall(page.read_text()):
        for name in re.findall(r"\b(?:proj|consumers|deploy|tests|benchmarks)(?:\.\w+)+", span):
            if re.search(r"\.(py|md|sh|conf|toml|txt)$", name):
                continue
            # the last part may be a name in the module
            parts = name.split(".")
            found = any(_module(parts[:length]) for length in (len(parts), len(parts) - 1))
            missing += [] if found else [name]
    assert not missing, f"{named(page)} names modules that do not exist"


def _module(parts: list[str]) -> bool:
    path = ROOT.joinpath(*parts)
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    text = CODE_SPAN.sub("", "\n".join(outside_fences(page.read_text())))
    for target, part, own in LINK.findall(text):
        if "://" in target:
            continue
        other = page.parent / target if target else page
        headings = (
            [line.lstrip("#") for line in outside_fences(other.read_text()) if line.startswith("#")]
            if (other.suffix == ".md" and other.is_file())
            else []
        )
        wanted = part or own
        if not other.exists() or (wanted and wanted not in map(anchor, headings)):
            broken.append(f"{target}#{wanted}")
    assert not broken, f"{named(page)} has broken links"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_lines_wrap(page: Path) -> None:
    long = [
        line
        for line in outside_fences(page.read_text())
        if len(line) > MAX_COLUMNS and not line.startswith(("|", "    ")) and " " in line.strip() and "](" not in line
    ]
    assert not long, f"{named(page)} has lines of more than {MAX_COLUMNS} characters"


@pytest.mark.parametrize("decision", DECISIONS, ids=named)
def test_a_decision_has_its_headings_and_its_line_in_the_index(decision: Path) -> None:
    text = decision.read_text()
    title, *headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == ["## Context", "## Decision", "## Price"]
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+", decision.stem)
    index = (decision.parent / "README.md").read_text()
    assert f"| [{decision.stem[:4]}]({decision.name}) | {title.removeprefix('# ')} |" in index


def test_decisions_are_numbered_once() -> None:
    numbers = [decision.name[:4] for decision in DECISIONS]
    assert [number for number, count in Counter(numbers).items() if count > 1] == []


def _glossary() -> list[tuple[str, str, str]]:
    """Return the rows of the glossary: the word, its qualifier, its meaning."""
    rows = []
    for line in (ROOT / "docs" / "glossary.md").read_text().splitlines():
        if line.startswith("| **"):
            _, head, meaning, _ = line.split("|")
            found = BOLD.match(head.strip())
            assert found, f"a row of the glossary without a word: {line}"
            rows.append((found[1], found[2].strip(" ,"), meaning.strip()))
    return rows


def test_the_glossary_is_sorted() -> None:
    words = [(word.casefold(), qualifier.casefold()) for word, qualifier, _ in _glossary()]
    assert words == sorted(words)
    assert len(words) == len(set(words))


def test_a_word_of_the_glossary_that_is_a_class_is_one_class() -> None:
    classes: dict[str, list[str]] = {}
    for module in House().code:
        if ".management.commands." in module.name:
            continue  # Django finds a command by the name of its class
        if within(module.name, "channels_legacy"):
            continue  # the names of Channels 1.x
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name.casefold(), []).append(f"{module.name}.{node.name}")
    for word, _, meaning in _glossary():
        found = classes.get(word.title().replace(" ", "").replace("-", "").casefold(), [])
        assert len(found) <= 1, f"{word!r} has one meaning and several classes: {found}"
        for name in re.findall(r"`([A-Z][A-Za-z]+)`", meaning):
            assert len(classes.get(name.casefold(), [])) == 1, f"the glossary names {name}, which is not one class"


def test_the_house_in_the_architecture_has_the_floors_of_the_tree() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    packages = re.findall(r"^\| `([\w/.]+)` \|", text.partition("## The house")[2].partition("\n## ")[0], re.MULTILINE)
    modules = [package.strip("/").removesuffix(".py").replace("/", ".") for package in packages]
    floors = [
        next(
            number for number, names in enumerate(FLOORS) if any(f"{module}.".startswith(f"{name}.") for name in names)
        )
        for module in modules
    ]
    assert floors == sorted(floors, reverse=True)
    assert set(floors) == set(range(1, len(FLOORS)))  # the lowest floor holds single modules
