"""The step of a command that was under way at the end of its output: the last group of lines without an end."""

from dataclasses import dataclass

from proj.runs.models import Run
from proj.runs.output import reading
from proj.runs.output.rendering import Line, plain, text

SEARCHED_END_BYTES = 256 * 1024  # the end of the output, in which the step and its last words are looked for
MAX_WORDS_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class LastWords:
    """The last line of an output that says something, and the step that it belongs to (empty: to none)."""

    step: str
    line: int
    words: str


def last_words(run: Run) -> LastWords | None:
    """Return the last words of the run's output; None when its end says nothing. Reads SEARCHED_END_BYTES at most."""
    end = reading.ends([run], SEARCHED_END_BYTES).get(run.pk, b"")[-SEARCHED_END_BYTES:]
    printed = end.removesuffix(b"\n").split(b"\n") if end else []
    last = run.lines + (0 if end.endswith(b"\n") else 1)
    found: LastWords | None = None
    for number, data in zip(range(last, 0, -1), reversed(printed), strict=False):
        if found is not None and b"::" not in data:
            continue  # no mark, and the last words are known
        line = Line(number, text(data, run.service.encoding))
        if line.kind == "endgroup":
            return found
        if line.kind == "group":
            return LastWords(plain(line.name), found.line, found.words) if found else None
        if found is None and not line.kind and (words := plain(line.text or "").strip()):
            found = LastWords("", line.number, words[:MAX_WORDS_CHARACTERS])
    return found
