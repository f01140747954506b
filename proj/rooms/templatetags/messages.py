"""What templates ask of messages."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.translation import get_language

from proj.accounts.face import hue, letter
from proj.rooms.log import frames

register = template.Library()

LONG_LINES = 16
LONG_CHARACTERS = 1_500


# Of each language the forms that its words take with numbers, by the names that browsers know (Intl.PluralRules),
# with a number that takes it.
FORMS = {"ru": [("one", 1), ("few", 2), ("many", 5)], "zh-hans": [("other", 5)]}


@register.simple_tag
def plural_forms() -> list[tuple[str, int]]:
    """The forms of the language that the page is in."""
    return FORMS.get(get_language() or "", [("one", 1), ("other", 5)])


@register.simple_tag
def face(who: str, name: str = "") -> str:
    """The face of `who`, called `name`; static/rooms/face.js makes the same. An empty one where there is nobody."""
    if not who:
        return format_html('<span class="{}"></span>', "face")
    return format_html(
        '<span class="face hue-{}" aria-hidden="true" data-letter="{}"></span>', hue(who), letter(name or who)
    )


@register.simple_tag
def called(who: str, names: Mapping[str, str] | str, kind: str) -> str:
    """The sign-in name `who`, of whom a sentence tells, after the display name; static/rooms/names.js does the same."""
    name = names.get(who, "") if isinstance(names, Mapping) else ""
    bdi = format_html('<bdi class="{}">{}</bdi>', kind, who)
    return format_html('<bdi class="called">{}</bdi> {}', name, bdi) if name else bdi


@register.filter
def variant(frame: Mapping[str, Any]) -> str:
    """Which line tells of a happening."""
    return frames.variant(frame["type"], frame["author"], frame["text"])


@register.filter
def spoken(names: Sequence[str], called: Mapping[str, str] | None) -> list[str]:
    """What to call these people in a sentence, by their display names; static/rooms/names.js says the same."""
    known = called or {}
    return [f"\u2068{known[name]}\u2069" if name in known else name for name in names]


@register.filter
def is_long(text: str | None) -> bool:
    """Whether a message is shown folded; static/rooms/looks.js says the same."""
    return text is not None and (text.count("\n") >= LONG_LINES or len(text) > LONG_CHARACTERS)
