"""What templates ask of messages."""

from django import template

register = template.Library()

LONG_LINES = 16
LONG_CHARACTERS = 1_500


@register.filter
def is_long(text: str | None) -> bool:
    """Whether a message is shown folded; static/rooms/looks.js says the same."""
    return text is not None and (text.count("\n") >= LONG_LINES or len(text) > LONG_CHARACTERS)
