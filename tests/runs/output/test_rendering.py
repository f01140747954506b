"""The lines of a run on its page: colours go on over lines, and lines that were written over are not shown."""

import pytest
from django.test import Client

from proj.accounts.models import User
from proj.runs import actions
from proj.runs.models import Chunk, Run
from proj.runs.output import rendering, searching
from proj.runs.states import State
from proj.text import ansi
from tests.runs.conftest import Make

pytestmark = pytest.mark.django_db

FRAMES = [f"\x1b[3A\x1b[2K[+] {n}/900\n\x1b[2K web {n}\n\x1b[2K db {n}\n" for n in range(1, 901)]
REDRAWN = "start\n[+] 0/900\n web 0\n db 0\n" + "".join(FRAMES) + "done\n"


def printed(make: Make, output: str, state: State = State.SUCCEEDED) -> Run:
    """Return a run that has printed this, in chunks of 10,000 bytes."""
    run, data = actions.start(make(), None, {}), output.encode()
    for seq, begin in enumerate(range(0, len(data), 10_000), 1):
        part = data[begin : begin + 10_000]
        Chunk.objects.create(run=run, seq=seq, offset=begin, line=data.count(b"\n", 0, begin) + 1, data=part)
    Run.objects.filter(pk=run.pk).update(bytes=len(data), lines=data.count(b"\n"), chunks=seq, state=state)
    return Run.objects.select_related("service").get(pk=run.pk)


def shown(run: Run, first: int, count: int) -> dict[int, str]:
    """Return the plain texts of the lines that are shown, by number."""
    texts = enumerate(rendering.texts(run, first, count, 1_000_000), first)
    return {number: ansi.plain(text) for number, text in texts if text is not None}


def test_a_colour_goes_on_over_the_lines_of_any_part(make: Make) -> None:
    run = printed(make, "plain\n\x1b[1;31m" + "red\n" * 5000 + "\x1b[0mplain\n")
    for first in (2, 3, 199, 2500, 5001):
        text = rendering.texts(run, first, 1, 1000)[0]
        assert text is not None
        assert ansi.shown(text) == '<span class="ansi-bold ansi-ink-1">red</span>'
    assert [ansi.shown(text or "") for text in rendering.texts(run, 5002, 9, 1000)] == ["plain"]
    assert rendering.tail(run).lines[0].html == '<span class="ansi-bold ansi-ink-1">red</span>'


def test_output_that_was_drawn_again_ends_with_its_last_state(make: Make) -> None:
    run = printed(make, REDRAWN)
    last = run.lines
    everything: dict[int, str] = {}
    for first in range(1, last + 1, 200):
        everything |= shown(run, first, 200)
    assert everything == {
        1: "start",
        last - 3: "[+] 900/900",
        last - 2: " web 900",
        last - 1: " db 900",
        last: "done",
    }
    tail = [line.text for line in rendering.tail(run).lines if line.text is not None]
    assert [ansi.plain(text) for text in tail] == ["[+] 900/900", " web 900", " db 900", "done"]


def test_a_part_may_begin_anywhere_in_output_that_is_drawn_again(make: Make) -> None:
    run = printed(make, REDRAWN)
    for first in (2, 7, 555, 1234, 2600):
        assert shown(run, first, 50) == {}
    assert shown(run, run.lines, 5) == {run.lines: "done"}


def test_the_search_finds_the_text_that_is_shown(make: Make) -> None:
    run = printed(make, REDRAWN)
    assert searching.find(run, "WEB 900").numbers == [run.lines - 2]
    assert searching.find(run, "web 450").numbers == []
    assert searching.find(run, "start").numbers == [1]


def test_a_page_leaves_out_the_lines_that_are_not_shown(make: Make, client: Client, alice: User) -> None:
    run = printed(make, REDRAWN)
    client.force_login(alice)
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert page.count('<li class="line"') == 4 + 1  # and the one of the template
    assert client.get(f"/runs/{run.pk}/lines/?from={run.lines - 4}").json()["lines"][0] is None


def test_a_viewer_goes_on_with_the_screen_before_the_unfinished_line(make: Make) -> None:
    run = printed(make, "\x1b[32ma\nb\nc\n\x1b[2A\x1b[2KB\nC", State.RUNNING)
    tail = rendering.tail(run)
    assert tail.state["pen"] == "\x1b[0;38;5;2m"
    assert tail.state["at"] == 2
    assert tail.offset == run.bytes - 1
