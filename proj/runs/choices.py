"""The choices of the fields of services and runs, and a default."""

from django.db.models import TextChoices

PASSED_ON = ["PATH", "HOME", "LANG", "TZ"]


def passed_on() -> list[str]:
    """Return the default of Service.environment: the variables of the worker that most commands need."""
    return list(PASSED_ON)


class Audience(TextChoices):
    """The people that may see or run a service. Staff always may."""

    EVERYONE = "everyone", "everyone who is signed in"
    LISTED = "listed", "the people listed"


class WhenBusy(TextChoices):
    """The answer to a start while the service has as many active runs as its concurrency allows."""

    REFUSE = "refuse"
    QUEUE = "queue"


class OverLimit(TextChoices):
    """The fate of a command that has printed more than the output limit."""

    GO_ON = "go_on", "goes on, and what it prints is not kept"
    END = "end", "is ended"


class Missed(TextChoices):
    """The treatment of scheduled times that passed while no clock ran."""

    SKIP = "skip"
    ONCE = "once", "one run makes up for all"


class Origin(TextChoices):
    """The way in which a run was started."""

    PERSON = "person"
    COMMAND = "command"  # manage.py, on the host
    SCHEDULE = "schedule"
