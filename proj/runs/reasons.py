"""Why a run ended as it did. Its row keeps a code with values, which are put into each reader's language; and the
sentence in English, for operators and for codes that this version does not know any more."""

import json
from typing import Protocol, TypedDict

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
    "no_sudo": gettext_noop("sudo does not let {own} run this as {user}: {error}."),
    "stopped": gettext_noop("Its launcher was told to stop ({signal}): the host may have been shut down."),
    "disk_status": gettext_noop("{error}: not all of its output could be kept. It ended with status {status}."),
    "disk_signal": gettext_noop("{error}: not all of its output could be kept. It ended with {signal}."),
    "signal": gettext_noop("{signal} ended it."),
    "status": gettext_noop("It ended with status {status}."),
    "host_restarted": gettext_noop("Nobody saw its end: its host was restarted. What it had printed is here."),
    "launcher_gone": gettext_noop("Nobody saw its end: its launcher is gone. What it had printed is here."),
    "host_silent": gettext_noop("Nothing is heard of its host, {host}."),
}

Code = dict[str, str | int]  # {"code": "status", "status": 3}: a key of SENTENCES as `code`, and its values


class Reason(TypedDict):
    """The fields of a run's row that hold a reason: the English sentence, and the code as JSON."""

    reason: str
    why: str


class Explained(Protocol):
    """A run, or an object with the same two fields."""

    reason: str
    why: str


NO_REASON: Reason = {"reason": "", "why": ""}


def reason(code: str, **values: str | int) -> Reason:
    """Return the fields of a run that hold this reason."""
    return {"reason": SENTENCES[code].format(**values), "why": json.dumps({"code": code} | values)}


def code(run: Explained) -> Code | None:
    """Return the code and its values; None where only the sentence is known."""
    return json.loads(run.why) if run.why else None


def worded(sentence: str, code: Code | None) -> str:
    """Return the reason in the reader's language: `code` as code() gives it, or else `sentence` as it is."""
    template = SENTENCES.get(str(code["code"])) if code else None
    return gettext(template).format(**code) if template and code else sentence
