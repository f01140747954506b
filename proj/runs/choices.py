"""What a service's and a run's fields may say, and what is said of them when nobody did."""

from django.db.models import TextChoices

PASSED_ON = ["PATH", "HOME", "LANG", "TZ"]


def passed_on() -> list[str]:
    """What of the worker's environment most commands need."""
    return list(PASSED_ON)


class Audience(TextChoices):
    """To whom something is open. Staff always may."""

    EVERYONE = "everyone", "everyone who is signed in"
    LISTED = "listed", "the people listed"


class WhenBusy(TextChoices):
    """What becomes of a start while as many runs as may run at once are there."""

    REFUSE = "refuse"
    QUEUE = "queue"


class OverLimit(TextChoices):
    """What becomes of a command that has printed more than is kept."""

    GO_ON = "go_on", "goes on, and what it prints is not kept"
    END = "end", "is ended"


class Missed(TextChoices):
    """What becomes of scheduled times that passed while nothing ran here."""

    SKIP = "skip"
    ONCE = "once", "one run makes up for all"


class Origin(TextChoices):
    """What started a run."""

    PERSON = "person"
    COMMAND = "command"  # manage.py, on the host
    SCHEDULE = "schedule"
