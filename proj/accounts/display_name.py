"""What a person may be called on pages: the display name, beside the name that they sign in with.

People may choose equal ones, and what another one signs in with: it says how to call somebody, never who it is.
"""

import unicodedata
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    CharField = models.CharField[str, str]
else:
    CharField = models.CharField  # takes no type argument when it runs

LONGEST = 50  # characters
MOST_MARKS = 4  # in a row above and below one letter: scripts need three, more would cover the lines around it
# They show nothing, whatever their category says: fillers of Hangul, and the empty pattern of Braille.
BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")

BAD = _("A display name is 1 to 50 visible characters on one line, without signs that turn text around or pile up.")
ABOUT = _(
    "Shown with the sign-in name beside it; mentions go by the sign-in name. "
    "A change shows in new messages at once, and everywhere when a page is loaded again."
)


class BadDisplayName(ValueError):
    """A display name is 1 to 50 visible characters on one line, without signs that turn text around or pile up."""


def checked(name: str) -> str:
    """Return `name` composed (NFC) with single spaces, or raise BadDisplayName; "" is no name, and good."""
    composed = unicodedata.normalize("NFC", name.strip())
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in composed):
        raise BadDisplayName(BadDisplayName.__doc__)
    single = " ".join(composed.split())
    if len(single) > LONGEST or (single and not any(map(_shows, single))) or _piles_up(single):
        raise BadDisplayName(BadDisplayName.__doc__)
    return single


def _shows(character: str) -> bool:
    return unicodedata.category(character)[0] not in "MZ" and character not in BLANKS


def _piles_up(name: str) -> bool:
    """Whether more marks stand on one letter than any script needs."""
    marks = 0
    for character in name:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks > MOST_MARKS:
            return True
    return False


class DisplayNameField(CharField):
    """A user's display name, in the one form in which it is kept; "" where they have none beside the sign-in name."""

    def __init__(self, **options: Any) -> None:
        usual: dict[str, Any] = {
            "max_length": LONGEST,
            "blank": True,
            "default": "",
            "db_default": "",
            "help_text": ABOUT,
        }
        super().__init__(**usual | {"verbose_name": _("display name")} | options)

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        try:
            name = checked(value or "")
        except BadDisplayName:
            raise ValidationError(BAD, code="bad_display_name") from None
        return "" if name == getattr(model_instance, "username", "") else name

    def formfield(self, *args: Any, **options: Any) -> Any:
        # what is too long is known when the name has its form, and said with everything else
        return super().formfield(*args, **options | {"max_length": None})
