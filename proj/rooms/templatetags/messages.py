"""Tags and filters for templates that show messages. The rules are in web/presentation.py and log/frames.py."""

from collections.abc import Mapping, Sequence

from django import template
from django.utils.html import format_html
from django.utils.translation import get_language

from proj.accounts.face import hue, letter
from proj.rooms.web import presentation
from proj.text import unseen

register = template.Library()

# The plural forms of each language by their names in browsers (Intl.PluralRules), each with a number that takes it.
PLURAL_FORMS = {"ru": [("one", 1), ("few", 2), ("many", 5)], "zh-hans": [("other", 5)]}
ENGLISH_PLURAL_FORMS = [("one", 1), ("other", 5)]


@register.simple_tag
def plural_forms() -> list[tuple[str, int]]:
    """Return the plural forms of the page's language."""
    return PLURAL_FORMS.get(get_language() or "", ENGLISH_PLURAL_FORMS)


@register.simple_tag
def face(username: str, display_name: str = "") -> str:
    """Return the face of a person, and an empty face without a person; static/rooms/people/face.js makes the same."""
    if not username:
        return format_html('<span class="{}"></span>', "face")
    return format_html(
        '<span class="face hue-{}" aria-hidden="true" data-letter="{}"></span>',
        hue(username),
        letter(display_name or username),
    )


@register.simple_tag
def called(username: str, display_names: Mapping[str, str] | str, kind: str) -> str:
    """Return the subject of a sentence: the display name, if any, and the sign-in name in an element of class `kind`.

    static/rooms/people/names.js makes the same.
    """
    name = display_names.get(username, "") if isinstance(display_names, Mapping) else ""
    bdi = format_html('<bdi class="{}">{}</bdi>', kind, username)
    return format_html('<bdi class="called">{}</bdi> {}', name, bdi) if name else bdi


@register.filter
def spoken(usernames: Sequence[str], display_names: Mapping[str, str] | None) -> list[str]:
    """Return how a sentence calls these people."""
    return list(presentation.spoken(usernames, display_names or {}))


@register.filter
def shown(text: str) -> str:
    """Return the text of a message without characters that turn the direction of the text around them."""
    return unseen.shown(text)


@register.simple_tag
def isolated_name() -> str:
    """Return the form of a display name in a sentence, for the page's modules."""
    return presentation.ISOLATED
