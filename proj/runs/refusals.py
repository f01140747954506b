"""Refusals of actions on runs: each has a code for programs and a sentence for people."""

from typing import ClassVar

from proj.accounts.limits.counting import TooOften


class Refused(Exception):
    """The base of refusals: nothing was started or changed. `detail` is a translated sentence with the remedy."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409  # of an HTTP answer

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotAllowed(Refused):
    """The person has no right to this, or cannot see such a service."""

    code = "not_allowed"
    status = 403


class BadParameter(Refused):
    """A parameter is unknown, missing, or has a value that the service does not take. `name` is the parameter's."""

    code = "bad_parameter"

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.name = name


class Busy(Refused):
    """The service has as many active runs as its concurrency allows."""

    code = "busy"


class Disabled(Refused):
    """The service is switched off."""

    code = "disabled"


class TooManyStarts(Refused):
    """The person has started as many runs as one may start in an hour. `error` says when it is allowed again."""

    code = "too_fast"
    status = 429

    def __init__(self, error: TooOften) -> None:
        super().__init__(str(error))
        self.error = error


class AlreadyOver(Refused):
    """The run has ended, so there is nothing to cancel."""

    code = "already_over"
