"""Typed settings from the environment and one file. A malformed value ends the process with one sentence."""

import ipaddress
import os
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeVar

import environ

from proj.addresses import Address, ip_address

T = TypeVar("T")

MIN_SECRET_CHARACTERS = 50
MIN_TOKEN_CHARACTERS = 20


def refuse(sentence: str) -> NoReturn:
    """End the process with one sentence: a misconfigured process must not start at all."""
    sys.exit(f"signalbox: {sentence}")


class Settings:
    """The environment and a KEY=VALUE file behind it; the environment wins."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._env = environ.Env()
        try:
            if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                refuse(f"{file} holds the secret key and others can read it; run: chmod 600 {file}")
            self._env.read_env(str(file))
        except FileNotFoundError:
            return  # all settings may come from the environment
        except OSError as error:
            refuse(f"{file} cannot be read: {error.strerror}; run this as the user that Signalbox runs as")

    def read(self, name: str, default: str | None, cast: Callable[[str], T]) -> T:
        """Return the setting `name` through `cast`, a ValueError of which describes the expected value.

        A default of None makes the setting required.
        """
        text = os.environ.get(name, default)
        if text is None:
            refuse(f"the setting {name} is missing; run ./deploy/up, which writes it to {self.file}")
        try:
            return cast(text)
        except ValueError as error:
            shown = "its value" if any(word in name for word in ("SECRET", "TOKEN", "URL")) else repr(text)
            refuse(f"the setting {name} must be {error}, {shown} is not")


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a cast to a whole number within bounds."""

    def cast(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return number

    return cast


def number(least: float, most: float) -> Callable[[str], float]:
    """Return a cast to a number within bounds."""

    def cast(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise ValueError(f"a number from {least:g} to {most:g}")
        return value

    return cast


def boolean(text: str) -> bool:
    """Cast a switch: 1/0, yes/no, true/false, on/off."""
    if text.lower() in ("1", "yes", "true", "on"):
        return True
    if text.lower() in ("0", "no", "false", "off", ""):
        return False
    raise ValueError("yes or no")


def secret(text: str) -> str:
    """Cast the secret key, which must be long enough to be a secret."""
    if len(text) < MIN_SECRET_CHARACTERS:
        raise ValueError(f"at least {MIN_SECRET_CHARACTERS} characters long")
    return text


def token(text: str) -> str:
    """Cast an access token of programs; empty means that there is no token."""
    if text and (len(text) < MIN_TOKEN_CHARACTERS or not all("!" <= character <= "~" for character in text)):
        raise ValueError(f"at least {MIN_TOKEN_CHARACTERS} characters long, without spaces")
    return text


def networks(text: str) -> list[str]:
    """Cast a comma separated list of addresses and networks."""
    parts = [part.strip().strip("[]") for part in text.split(",")]
    try:
        return [str(ipaddress.ip_network(part, strict=False)) for part in parts if part]
    except ValueError:
        raise ValueError("a list of addresses or networks like 10.0.0.5,10.1.0.0/16") from None


def bind_address(text: str) -> str:
    """Cast the address on which nginx listens: an address of this host, brackets or not, or `localhost`."""
    try:
        return str(ip_address("127.0.0.1" if text.lower() == "localhost" else text))
    except ValueError:
        raise ValueError("an address of this host like 127.0.0.1, 0.0.0.0, ::1 or ::") from None


def origins(text: str) -> list[str]:
    """Cast the addresses that people use: `scheme://host[:port]`, comma separated, the main one first.

    The result is as browsers write it: lower case, punycode, no default port.
    """
    parts = [part.strip().rstrip("/") for part in text.split(",")]
    try:
        found = [str(Address.parse(part)) for part in parts if part]
    except ValueError:
        found = []
    if not found:
        raise ValueError("a list of addresses like http://ops.example.org:8080 or http://[2001:db8::5]:8080")
    return list(dict.fromkeys(found))


def origins_or_none(text: str) -> list[str]:
    """Cast as origins() does, or an empty text to an empty list."""
    return origins(text) if text.strip() else []


def listed(text: str) -> list[str]:
    """Cast a comma separated list of names or paths. Each name counts once."""
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def one_of(*words: str) -> Callable[[str], str]:
    """Return a cast to one of these words."""

    def cast(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return text

    return cast


def prefixes(text: str) -> tuple[str, ...]:
    """Cast a comma separated list of paths like `/channel/`: letters, digits and `/._-`, a slash at both ends."""
    parts = [part.strip() for part in text.split(",")]
    found = [part for part in parts if re.fullmatch(r"/([A-Za-z0-9._-]+/)+", part)]
    if not found or len(found) != len(parts):
        raise ValueError("a list of paths like /channel/,/deck/stream/")
    return tuple(dict.fromkeys(found))


class WorkerGroup(NamedTuple):
    """Workers of Channels 1.x code: a glob of channels, the number of processes, and the threads of each."""

    pattern: str
    processes: int
    threads: int


def worker_groups(text: str) -> tuple[WorkerGroup, ...]:
    """Cast a list like `websocket.*:2:4 thumbnails:1:1`: pattern, processes and threads of each group."""
    found = []
    for part in text.split():
        pattern, _, numbers = part.partition(":")
        match = re.fullmatch(r"(\d{1,2}):(\d{1,2})", numbers)
        if not match or not re.fullmatch(r"[\w.*?\[\]!-]+", pattern) or not (int(match[1]) and int(match[2])):
            raise ValueError("a list like websocket.*:2:4 thumbnails:1:1 (channels, processes, threads)")
        found.append(WorkerGroup(pattern, int(match[1]), int(match[2])))
    if not found:
        raise ValueError("a list like websocket.*:2:4 thumbnails:1:1 (channels, processes, threads)")
    return tuple(found)
