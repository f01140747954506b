"""The display name: the name that pages show for a person, beside the name that the person signs in with.

Display names are not unique, and one may equal another person's sign-in name: a display name identifies nobody.
"""

import unicodedata
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from proj.text import unseen

if TYPE_CHECKING:
    CharField = models.CharField[str, str]
else:
    CharField = models.CharField  # takes no type argument at run time

MAX_CHARACTERS = 50
MAX_STACKED_MARKS = 4  # above and below one letter: scripts need three, more would cover the lines around it

BAD = _("A display name is 1 to 50 visible characters on one line, without signs that turn text around or pile up.")
HELP = _(
    "Shown with the sign-in name beside it; mentions go by the sign-in name. "
    "A change shows in new messages at once, and everywhere when a page is loaded again."
)


def checked(name: str) -> str:
    """Return `name` composed (NFC) with single spaces; "" is valid and means no display name.

    Raise ValidationError with a sentence for people when `name` is too long, invisible or covers other text.
    """
    composed = unicodedata.normalize("NFC", name.strip())
    single = " ".join(composed.split())
    shows = unseen.is_seen(single) and not all(unicodedata.category(character)[0] in "MZ" for character in single)
    if not unseen.fits_name(composed) or len(single) > MAX_CHARACTERS or (single and not shows) or _piles_up(single):
        raise ValidationError(BAD, code="bad_display_name")
    return single


def _piles_up(name: str) -> bool:
    """Return whether more marks stand on one letter than any script needs."""
    marks = 0
    for character in name:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks > MAX_STACKED_MARKS:
            return True
    return False


class DisplayNameField(CharField):
    """A user's display name in its composed form; "" for users without one."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("verbose_name", _("display name"))
        options.setdefault("max_length", MAX_CHARACTERS)
        options.setdefault("blank", True)
        options.setdefault("default", "")
        options.setdefault("db_default", "")
        options.setdefault("help_text", HELP)
        super().__init__(**options)

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        name = checked(value or "")
        return "" if name == getattr(model_instance, "username", "") else name

    def formfield(self, *args: Any, **options: Any) -> Any:
        # The length is checked after composing, in checked(), which words all refusals alike.
        return super().formfield(*args, **options | {"max_length": None})
