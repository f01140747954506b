"""The survey of one tree of code: everything together."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from channels_legacy.bring_over.hindrances.consumers import survey_consumers
from channels_legacy.bring_over.hindrances.django1 import survey_django
from channels_legacy.bring_over.hindrances.project import survey_project
from channels_legacy.bring_over.hindrances.scripts import is_script, survey_script
from channels_legacy.bring_over.hindrances.state import survey_state
from channels_legacy.bring_over.imports import survey_imports
from channels_legacy.bring_over.paths import ANY_ADDRESS, DEFAULT_ADDRESS
from channels_legacy.bring_over.report import Finding, Report, Routing
from channels_legacy.bring_over.routing import find_routing
from channels_legacy.bring_over.source import Source, read
from channels_legacy.bring_over.tree import MAX_SOURCE_BYTES, MAX_TREE_FILES, files
from channels_legacy.support.addresses import is_taken


def survey(root: Path) -> Report:
    """Read a tree, or one Python file, and return the report; raise Unreadable when the path cannot be read."""
    report = Report(root)
    sources: list[Source] = []
    base = root.parent if root.is_file() else root
    for file in files(root):
        if not (file.suffix in (".py", ".pyw") or is_script(file)):
            continue
        path = file.relative_to(base).as_posix()
        if report.files == MAX_TREE_FILES:
            report.full = False
            break
        report.files += 1
        try:
            if file.stat().st_size > MAX_SOURCE_BYTES:
                report.unread.append(Finding(path, 0, "unreadable", f"larger than {MAX_SOURCE_BYTES} bytes"))
            elif is_script(file):
                report.findings += survey_script(file, path)
            else:
                sources.append(read(file, path))
                _examine(sources[-1], report)
        except OSError as error:
            report.unread.append(Finding(path, 0, "unreadable", error.strerror or ""))
    _conclude(base, sources, report)
    return report


def _examine(source: Source, report: Report) -> None:
    changes, lines, findings = survey_imports(source)
    report.changes += changes
    if changes:
        report.texts[source.file] = "".join(lines).encode(source.encoding)
    report.findings += [*source.faults, *findings, *survey_consumers(source), *survey_state(source)]
    report.findings += [*survey_django(source), *survey_project(source)]
    report.uses_channels |= source.uses_channels or bool(changes)


def _conclude(base: Path, sources: list[Source], report: Report) -> None:
    """Find the routing and the requirements, and order the findings."""
    lists = {one.path for one in report.findings if one.topic == "requirement"}
    report.routing = find_routing(base, sources, sorted(lists))
    report.findings += [*_addresses(report.routing), *_hidden(report.routing)]
    if report.uses_channels and not report.routing.routing:
        report.findings.append(Finding("", 0, "no routing"))
    report.findings = sorted(set(report.findings))


def _addresses(routing: Routing) -> Iterator[Finding]:
    """Yield what is to know about the addresses of the sockets, and leave only those to set in the routing."""
    for path in [one for one in routing.paths if one != ANY_ADDRESS and is_taken(one)]:
        yield Finding("", 0, "taken address", path)
    if ANY_ADDRESS in routing.paths:
        yield Finding("", 0, "any address", routing.routing)
    usable = [path for path in routing.paths if path != ANY_ADDRESS and not is_taken(path)]
    outside = [path for path in usable if not path.startswith(DEFAULT_ADDRESS)]
    inside = [DEFAULT_ADDRESS] if len(outside) < len(routing.paths) else []
    routing.paths = [*inside, *outside] if outside else []


def _hidden(routing: Routing) -> Iterator[Finding]:
    """Yield the packages of a tree that are found elsewhere first, because the tree's folder is last on the path."""
    modules = {name.partition(".")[0] for name in [routing.routing, *routing.apps] if routing.code and name}
    for name in sorted(modules):
        found = find_spec(name)
        places = [*(found.submodule_search_locations or ()), found.origin or ""] if found else []
        if places and not any(Path(place).is_relative_to(routing.code) for place in places if place):
            yield Finding("", 0, "hidden package", f"{name} (in {Path(places[0]).parent})")
