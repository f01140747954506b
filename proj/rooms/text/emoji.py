"""Emoji by name, as people type them: `:tada:`. emoji.txt has those that chats have in common."""

from pathlib import Path

_LINES = (Path(__file__).parent / "emoji.txt").read_text().splitlines()
BY_NAME: dict[str, str] = dict(line.split(" ", 1) for line in _LINES)
ALL = frozenset(BY_NAME.values())
