"""Why a run ended as it did. Its row keeps a code with values, which are worded for whoever reads it; and the sentence
in English, for operators and for codes that nobody here knows any more."""

import json
from typing import Any, Protocol

from django.utils.translation import gettext, gettext_noop

SENTENCES = {
    "canceled_by": gettext_noop("Canceled by {name}."),
    "canceled_on_host": gettext_noop("Canceled by somebody on the host."),
    "canceled_before_by": gettext_noop("Canceled by {name} before it began."),
    "canceled_before_on_host": gettext_noop("Canceled on the host before it began."),
    "timed_out": gettext_noop("It took longer than {seconds} s, and was ended."),
    "output_limit": gettext_noop("It printed more than {limit} bytes, and was ended for it."),
    "no_launcher": gettext_noop("Its launcher could not be started: {error}."),
    "no_command": gettext_noop("It could not be started: {command}: {error}."),
    "no_directory": gettext_noop("It could not be started: in {directory}: {error}."),
    "stopped": gettext_noop("Its launcher was told to stop ({signal}): the host may have been shut down."),
    "disk_status": gettext_noop("{error}: not all of its output could be kept. It ended with status {status}."),
    "disk_signal": gettext_noop("{error}: not all of its output could be kept. It ended with {signal}."),
    "signal": gettext_noop("{signal} ended it."),
    "status": gettext_noop("It ended with status {status}."),
    "host_restarted": gettext_noop("Nobody saw its end: its host was restarted. What it had printed is here."),
    "launcher_gone": gettext_noop("Nobody saw its end: its launcher is gone. What it had printed is here."),
    "host_silent": gettext_noop("Nothing is heard of its host, {host}."),
}

Fields = dict[str, str]


class Explained(Protocol):
    """A run, or what stands for it."""

    reason: str
    why: str


def given(code: str, **values: str | int) -> Fields:
    """The fields of a run that say this."""
    return {"reason": SENTENCES[code].format(**values), "why": json.dumps({"code": code} | values)}


def why(run: Explained) -> dict[str, Any] | None:
    """The code and its values: `{"code": "status", "status": 3}`; None where only the sentence is known."""
    return json.loads(run.why) if run.why else None


def worded(sentence: str, known: dict[str, Any] | None) -> str:
    """The reason in the language of who asks: `known` as why() gives it, or else `sentence` as it is."""
    template = SENTENCES.get(known["code"]) if known else None
    return gettext(template).format(**known) if template and known else sentence
