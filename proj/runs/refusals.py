"""Why something is not run: named facts, each with a code for programs and a sentence for people."""

from typing import ClassVar


class Refused(Exception):
    """Nothing was started or changed. `code` says which refusal, `detail` what to do about it."""

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotAllowed(Refused):
    """This person may not do this with this service, or there is no such service for them."""

    code = "not_allowed"


class BadParameter(Refused):
    """A parameter is unknown, missing, or its value is not one that the service takes. `name` is the parameter's."""

    code = "bad_parameter"

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.name = name


class Busy(Refused):
    """As many runs of the service as may run at once are there already."""

    code = "busy"


class Disabled(Refused):
    """The service is switched off."""

    code = "disabled"


class AlreadyOver(Refused):
    """The run has ended, so there is nothing to cancel."""

    code = "already_over"
