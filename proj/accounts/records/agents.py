"""The device of a request in plain words: its browser and its system, as the User-Agent header has them.

The header is what the client says; it describes a device and proves nothing.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

MAX_AGENT_CHARACTERS = 500  # of the header that are read
# The first one that fits counts: browsers name their ancestors and rivals as well, so Safari stands last.
BROWSERS = (
    ("Edge", ("Edg/", "EdgA/", "EdgiOS/", "Edge/")),
    ("Opera", ("OPR/", "OPT/", "OPiOS/", "Opera/")),
    ("Firefox", ("Firefox/", "FxiOS/")),
    ("Chrome", ("Chrome/", "CriOS/", "Chromium/")),
    ("Safari", ("Safari/",)),
)
SYSTEMS = (
    ("Windows", ("Windows NT", "Windows Phone")),
    ("Android", ("Android",)),
    ("iOS", ("iPhone", "iPad", "iPod")),
    ("macOS", ("Macintosh", "Mac OS X")),
    ("ChromeOS", ("CrOS",)),
    ("Linux", ("Linux", "X11")),
)


@dataclass(frozen=True, slots=True)
class Device:
    """A browser and a system by their names; "" for an unknown one."""

    browser: str
    system: str

    def __str__(self) -> str:
        if self.browser and self.system:
            return _("%(browser)s on %(system)s") % {"browser": self.browser, "system": self.system}
        return self.browser or self.system or _("Unknown device")


def device(agent: str) -> Device:
    """Return the device that sends this User-Agent header."""
    text = agent[:MAX_AGENT_CHARACTERS]
    return Device(_first(BROWSERS, text), _first(SYSTEMS, text))


def _first(names: tuple[tuple[str, tuple[str, ...]], ...], text: str) -> str:
    return next((name for name, marks in names if any(mark in text for mark in marks)), "")
