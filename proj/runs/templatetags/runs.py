"""How runs are written in templates."""

from datetime import datetime

from django import template
from django.utils.translation import gettext

register = template.Library()


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds in words: "4 s", "2 min 5 s", "1 h 4 min". static/runs/duration.js writes the same."""
    if seconds is None:
        return ""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return gettext("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    if minutes:
        return gettext("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)
    return gettext("{seconds} s").format(seconds=rest)


@register.filter
def given(value: object) -> str:
    """A parameter's value as people give it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@register.filter
def moment(text: str) -> datetime:
    """A frame's time."""
    return datetime.fromisoformat(text)
