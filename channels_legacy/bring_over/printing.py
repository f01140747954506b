"""The report as text for a person, and as JSON for a program."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from typing import TypedDict

from channels_legacy.bring_over.imports import SED
from channels_legacy.bring_over.report import TOPICS, Finding, Level, Report

SHOWN_PLACES = 20
SED_LINE = f"grep -rlE '^\\s*(from|import) channels\\b' --include='*.py' . | xargs sed -i -E '{SED}'"


class JsonReport(TypedDict):
    """The report of `--json`. Levels are "to do" and "note"; a line of 0 means the whole file."""

    path: str
    files: int
    complete: bool
    changes: list[dict[str, str | int | bool]]
    findings: list[dict[str, str | int]]
    settings: dict[str, str]
    other_routings: list[str]
    settings_read: list[str]
    sed: str
    written: list[str]


def as_json(report: Report, written: list[str]) -> JsonReport:
    """Return the report for a program, with the paths of the files that were written."""
    return {
        "path": str(report.root),
        "files": report.files,
        "complete": report.full,
        "changes": [asdict(change) for change in sorted(report.changes)],
        "findings": [
            {**asdict(one), "level": str(one.level), "sentence": TOPICS[one.topic].sentence}
            for one in [*report.unread, *report.findings]
        ],
        "settings": settings(report),
        "other_routings": report.routing.others,
        "settings_read": report.routing.settings_read,
        "sed": SED,
        "written": written,
    }


def settings(report: Report) -> dict[str, str]:
    """Return the lines for var/signalbox.env, by name; those that the tree does not tell are left out."""
    found = report.routing
    values = {
        "SIGNALBOX_CHANNEL_ROUTING": found.routing,
        "SIGNALBOX_CHANNEL_CODE": found.code,
        "SIGNALBOX_CHANNEL_APPS": ",".join(found.apps),
        "SIGNALBOX_CHANNEL_PATHS": ",".join(found.paths),
    }
    return {name: value for name, value in values.items() if value}


def printable(text: str) -> str:
    """Return text without characters that a terminal would obey; a file of the tree may hold any."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text.expandtabs(4))


def lines(report: Report) -> Iterator[str]:
    """Yield the lines of the report, from the import lines to the summary."""
    if not report.files:
        yield f"{report.root} holds no Python file. There is nothing to bring over."
        return
    if not report.uses_channels:
        yield f"Nothing in {report.root} imports Channels 1.x ({_count(report.files, 'file')} read)."
        return
    yield from _changes(report)
    for level, title in ((Level.TO_DO, "In the way"), (Level.NOTE, "Good to know")):
        yield from _findings(title, [one for one in [*report.unread, *report.findings] if one.level is level])
    yield from _settings(report)
    yield ""
    yield from _summary(report)


def _changes(report: Report) -> Iterator[str]:
    if not report.changes:
        yield "Import lines to change: none."
        return
    yield "Import lines to change"
    yield ""
    for change in sorted(report.changes):
        yield printable(f"{change.path}:{change.line}{'' if change.by_sed else '   (not by sed)'}")
        yield printable(f"  - {change.old.strip()}")
        yield printable(f"  + {change.new.strip()}")
    yield ""
    yield "`--write` makes these changes. This line makes them too, without those marked (not by sed):"
    yield f"  {SED_LINE}"


def _findings(title: str, findings: list[Finding]) -> Iterator[str]:
    groups: dict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        groups[one.topic].append(one)
    for topic in [topic for topic in TOPICS if topic in groups]:
        yield ""
        yield f"{title}: {TOPICS[topic].sentence}"
        for one in groups[topic][:SHOWN_PLACES]:
            place = f"{one.path}:{one.line}" if one.line else one.path
            if place or one.detail:
                yield printable(f"  {f'{place}  {one.detail}'.strip()}")
        if len(groups[topic]) > SHOWN_PLACES:
            yield f"  and {len(groups[topic]) - SHOWN_PLACES} more; --json lists all of them"


def _settings(report: Report) -> Iterator[str]:
    if values := settings(report):
        yield ""
        yield "Lines for var/signalbox.env"
        yield ""
        for name, value in values.items():
            yield printable(f"  {name}={value}")
    if report.routing.others:
        yield "Other routings of the tree (included ones need no setting):"
        yield printable(f"  {', '.join(report.routing.others[:SHOWN_PLACES])}")
    if report.routing.settings_read:
        yield "Settings that consumers read; put them into the module that SIGNALBOX_CHANNEL_SETTINGS names:"
        yield printable(f"  {', '.join(report.routing.settings_read)}")


def _summary(report: Report) -> Iterator[str]:
    if not report.full:
        yield f"Only the first {report.files} files were read. Name a smaller tree."
    if not report.changes and not report.to_do:
        yield f"Nothing is in the way ({_count(report.files, 'file')} read)."
        return
    places = len({change.path for change in report.changes})
    yield (
        f"{_count(len(report.changes), 'line')} to change in {_count(places, 'file')}, "
        f"{_count(len(report.to_do), 'place')} to look at ({_count(report.files, 'file')} read)."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
