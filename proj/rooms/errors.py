"""The base of all errors that rooms raise: each class carries one sentence for people."""

from typing import ClassVar

from django.utils.functional import Promise


class RoomError(Exception):
    """An action that the rules of rooms forbid. `str()` gives the class's sentence in the language of the request."""

    message: ClassVar[Promise]

    def __str__(self) -> str:
        return str(self.message)
