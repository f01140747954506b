"""Template filters that write the parts of a run's state."""

import json
from datetime import datetime

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop

from proj.runs import reasons
from proj.runs.catalog.parameters import typed
from proj.runs.publishing.frames import RunState
from proj.runs.publishing.waiting import Blocker
from proj.runs.states import UNSUCCESSFUL, State

register = template.Library()

DURATIONS = {
    "hours": gettext_noop("{hours} h {minutes} min"),
    "minutes": gettext_noop("{minutes} min {seconds} s"),
    "seconds": gettext_noop("{seconds} s"),
}

WAITS = {
    "runs": gettext_noop("It waits until {runs} has ended. It is number {n} in the queue."),
    "runs.several": gettext_noop("It waits until one of these has ended: {runs}. It is number {n} in the queue."),
    "worker": gettext_noop("It waits for a worker."),
    "disabled": gettext_noop("It waits until the service is switched on."),
}


@register.filter
def state_word(run: RunState) -> str:
    """Return the word for a run's state, in the reader's language."""
    return gettext("Canceling…") if run["canceling"] else str(State(run["state"]).label)


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds in words: "4 s", "2 min 5 s", "1 h 4 min". static/shared/run_words.js writes the same."""
    if seconds is None:
        return ""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    form = "hours" if hours else "minutes" if minutes else "seconds"
    return gettext(DURATIONS[form]).format(hours=hours, minutes=minutes, seconds=rest)


@register.simple_tag
def durations() -> list[tuple[str, str]]:
    """Return the forms of a duration as pairs of name and translated words, for the page's modules."""
    return [(form, gettext(words)) for form, words in DURATIONS.items()]


register.filter("given", typed)


@register.filter
def reason(run: RunState) -> str:
    """Return the reason in a run's state, in the reader's language."""
    return reasons.worded(run["reason"], run["why"])


@register.filter
def why(run: RunState) -> str:
    """Return the reason's code as JSON, for the page's modules."""
    return json.dumps(run["why"])


@register.simple_tag
def sentences() -> list[tuple[str, str]]:
    """Return all reasons as pairs of code and translated sentence, with places for the values."""
    return [(code, gettext(sentence)) for code, sentence in reasons.SENTENCES.items()]


@register.filter
def wait(run: RunState) -> SafeString:
    """Return the cause for which a queued run waits, with links. static/runs/waiting.js writes the same."""
    waiting = run.get("waiting")
    links = [_link(run["name"], blocker) for blocker in waiting["runs"]] if waiting else []
    cause = (waiting["cause"] + ("" if len(links) < 2 else ".several")) if waiting else "worker"
    return format_html(gettext(WAITS[cause]), runs=SafeString(", ".join(links)), n=waiting["place"] if waiting else 1)


@register.simple_tag
def waits() -> list[tuple[str, str]]:
    """Return the sentences about a queued run as pairs of cause and translated sentence, with places for the values."""
    return [(cause, gettext(sentence)) for cause, sentence in WAITS.items()]


def _link(name: str, blocker: Blocker) -> SafeString:
    address = reverse("runs:run", args=[blocker["run"]])
    return format_html('<a href="{}"><bdi>{}</bdi> #{}</a>', address, name, blocker["number"])


@register.filter
def unsuccessful(run: RunState) -> bool:
    """Return whether the run has ended without doing its task, so that running it again is the next step."""
    return run["state"] in UNSUCCESSFUL


@register.filter
def moment(text: str) -> datetime:
    """Return the time that a text in a run's state holds."""
    return datetime.fromisoformat(text)
