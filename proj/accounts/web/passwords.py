"""The rule for passwords that Django's own validators lack: a person's names do not count in the length."""

from typing import Any

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MIN_NAME_CHARACTERS = 3  # shorter names are parts of ordinary words
NAMES = ("username", "display_name", "first_name", "last_name")


class LengthWithoutNames(MinimumLengthValidator):
    """A password has `min_length` characters even without the person's names. "alice1234567" has seven."""

    def validate(self, password: str, user: Any | None = None) -> None:
        super().validate(password, user)
        rest = password.casefold()
        names = {str(getattr(user, name, "")).casefold() for name in NAMES}
        for name in sorted(names, key=len, reverse=True):
            if len(name) >= MIN_NAME_CHARACTERS:
                rest = rest.replace(name, "")
        if len(rest) < self.min_length:
            sentence = _("This password is too short without your name in it: %(count)d other characters are needed.")
            raise ValidationError(sentence % {"count": self.min_length}, code="password_of_names")
