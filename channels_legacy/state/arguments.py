"""The message among the arguments of a decorated consumer, which may be a function or a method."""

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from channels_legacy.message import Message

P = ParamSpec("P")
R = TypeVar("R")
Decorated = Callable[P, R]


def message_in(arguments: Sequence[object], decorator: str) -> Message:
    """Return the message, which is the first or the second argument. Raise ValueError when it is neither."""
    for argument in arguments[:2]:
        if isinstance(argument, Message):
            return argument
    raise ValueError(
        f"{decorator} called without Message instance: it decorates consumers, which are functions (message, ...) or "
        "methods (self, message, ...)"
    )
