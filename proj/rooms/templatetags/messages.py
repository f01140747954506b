"""What templates ask of messages."""

from collections.abc import Mapping
from typing import Any

from django import template

from proj.rooms import frames

register = template.Library()

LONG_LINES = 16
LONG_CHARACTERS = 1_500


@register.filter
def variant(frame: Mapping[str, Any]) -> str:
    """Which line tells of a happening."""
    return frames.variant(frame["type"], frame["author"], frame["text"])


@register.filter
def is_long(text: str | None) -> bool:
    """Whether a message is shown folded; static/rooms/looks.js says the same."""
    return text is not None and (text.count("\n") >= LONG_LINES or len(text) > LONG_CHARACTERS)
