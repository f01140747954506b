"""The addresses of sockets. Those of pages are taken, because nginx passes a whole path to one or the other."""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.urls import URLPattern, URLResolver, get_resolver

SERVED_BY_NGINX = frozenset(("protected-logs", "protected-media", "static", "ws"))


def is_taken(path: str) -> bool:
    """Return whether pages or files of Signalbox are below the first folder of a path like `/chat/`."""
    folder = path.strip("/").partition("/")[0]
    return folder in SERVED_BY_NGINX or folder in set(_page_folders(get_resolver()))


def check_addresses(**_: object) -> list[CheckMessage]:
    """Return an error for each of SIGNALBOX_CHANNEL_PATHS that is taken: its pages would be gone."""
    return [
        Error(
            f"SIGNALBOX_CHANNEL_PATHS names {path}, where Signalbox has pages",
            hint="Name another path, like /channel/, in the setting, in the routing and in the page's script.",
            id="channels_legacy.E001",
        )
        for path in settings.CHANNEL_PATHS
        if is_taken(path)
    ]


def _page_folders(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        address = before + str(entry.pattern)
        if isinstance(entry, URLPattern) or "/" in address:
            yield address.partition("/")[0]
        else:
            yield from _page_folders(entry, address)
