"""The result of a survey: the lines to change, and the findings about everything else."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Level(StrEnum):
    """The urgency of a finding: work for the team, or a fact that needs no change."""

    TO_DO = "to do"
    NOTE = "note"


@dataclass(frozen=True)
class Topic:
    """One kind of finding: its urgency, and the sentence that explains it to the team."""

    level: Level
    sentence: str


@dataclass(frozen=True, order=True)
class Finding:
    """A place that a person must look at. `line` is 0 for a whole file, and `topic` is a key of TOPICS."""

    path: str
    line: int
    topic: str
    detail: str = ""

    @property
    def level(self) -> Level:
        return TOPICS[self.topic].level


@dataclass(frozen=True, order=True)
class Change:
    """One line to change. `by_sed` says that the sed line of the documents makes this very change."""

    path: str
    line: int
    old: str
    new: str
    by_sed: bool


@dataclass
class Routing:
    """The values of the settings that bring the tree in; an empty field was not found."""

    routing: str = ""
    others: list[str] = field(default_factory=list)
    code: str = ""
    apps: list[str] = field(default_factory=list)
    requirements: str = ""
    paths: list[str] = field(default_factory=list)
    settings_read: list[str] = field(default_factory=list)


@dataclass
class Report:
    """The whole survey of one tree. `texts` holds the new text of each file with changes, ready to be written."""

    root: Path
    files: int = 0
    uses_channels: bool = False
    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unread: list[Finding] = field(default_factory=list)
    routing: Routing = field(default_factory=Routing)
    texts: dict[Path, bytes] = field(default_factory=dict)
    full: bool = True

    @property
    def to_do(self) -> list[Finding]:
        return [finding for finding in [*self.findings, *self.unread] if finding.level is Level.TO_DO]


TOPICS = {
    "unreadable": Topic(Level.TO_DO, "The file cannot be read, and was passed over."),
    "unparsed": Topic(Level.TO_DO, "The file cannot be parsed. Only its import lines were examined."),
    "encoding": Topic(Level.TO_DO, "The file is not in the encoding that it declares (UTF-8 when it declares none)."),
    "python2": Topic(Level.TO_DO, "Python 2. The workers run Python 3."),
    "relative import": Topic(Level.TO_DO, "An implicit relative import of Python 2. Write `from .module import name`."),
    "django": Topic(Level.TO_DO, "Django 1.x. The workers run Django 5."),
    "user model": Topic(
        Level.TO_DO,
        "Django's own User is not the user here. Write get_user_model(), and settings.AUTH_USER_MODEL in models and "
        "migrations.",
    ),
    "no migrations": Topic(
        Level.TO_DO,
        "An app with models and without migrations: its tables are never made. Add its folder `migrations` with an "
        "`__init__.py`, and run `manage.py makemigrations` with the lines below in var/signalbox.env.",
    ),
    "hidden package": Topic(
        Level.TO_DO,
        "An installed package, or one of Signalbox, has this name and hides yours. Rename your package.",
    ),
    "taken address": Topic(
        Level.TO_DO,
        "Signalbox has pages at this address. Give the sockets another one, in the routing and in the page's script.",
    ),
    "mapping": Topic(
        Level.TO_DO,
        "A demultiplexer from before Channels 1.0. Name the consumers themselves: `consumers = {stream: consumer}`.",
    ),
    "channels 2": Topic(
        Level.TO_DO, "Channels 2 or later. This is a native consumer's code: rewrite it for 1.x, or run it elsewhere."
    ),
    "async consumer": Topic(Level.TO_DO, "A coroutine. Consumers of Channels 1.x are plain functions and methods."),
    "no such name": Topic(Level.TO_DO, "The name is not part of Channels 1.1.8."),
    "not kept": Topic(Level.TO_DO, "This part of Channels 1.x has no counterpart here."),
    "http consumer": Topic(
        Level.TO_DO, "An HTTP consumer. It is passed over, because HTTP belongs to uwsgi. Make it a Django view."
    ),
    "state": Topic(
        Level.TO_DO,
        "State in a worker's memory. It cannot survive a restart, and other workers do not see it. "
        "Keep it in the channel session or in the database.",
    ),
    "thread": Topic(Level.TO_DO, "A thread or timer of a consumer. It ends with its worker."),
    "layer": Topic(Level.TO_DO, "A channel layer of your own. Signalbox carries the messages itself."),
    "other server": Topic(Level.TO_DO, "A server or layer of Channels 1.x, which Signalbox does not use."),
    "reads channels": Topic(Level.TO_DO, "Code that takes messages from a channel by itself: route a consumer."),
    "no routing": Topic(Level.TO_DO, "No routing was found. Name it in SIGNALBOX_CHANNEL_ROUTING."),
    "any address": Topic(
        Level.NOTE,
        "Sockets of this routing have any address. The page's script must open one below /channel/, or below a path "
        "that you name in SIGNALBOX_CHANNEL_PATHS.",
    ),
    "settings": Topic(Level.NOTE, "A setting of Channels 1.x. Signalbox does not read it. You can delete it."),
    "static consumer": Topic(Level.NOTE, "Passed over with one line in the log: HTTP belongs to uwsgi."),
    "asgi file": Topic(Level.NOTE, "The ASGI file of a daphne of Channels 1.x. Signalbox does not load it."),
    "command": Topic(Level.NOTE, "A program that Signalbox starts itself: interfaces, workers and clock run already."),
    "group_channels": Topic(Level.NOTE, "group_channels() asks all interface processes: some milliseconds."),
    "delay": Topic(Level.NOTE, "Delayed messages are rows that the clock sends. Their content must be of JSON types."),
    "ordering": Topic(Level.NOTE, "Order is always strict here. The line does nothing and can stay."),
    "sleep": Topic(Level.NOTE, "The consumer blocks one thread of its worker for this time."),
    "requirement": Topic(
        Level.NOTE, "A requirement of Channels 1.x. Leave it out when you install the others into .venv."
    ),
    "multiple layers": Topic(
        Level.NOTE, "Here is one layer, `default`. Delete any other alias from Channel(...) and Group(...)."
    ),
}
