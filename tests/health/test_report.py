"""The order of a walk through the steps, and its exit status."""

from collections.abc import Iterator

import pytest

from proj.health.report import Finding, Observation, State, Step, Walk, examine, exit_code, green, red, unseen, yellow


def step(name: str, *seen: Observation, needs: tuple[str, ...] = ()) -> Step:
    return Step(name, lambda _: iter(seen), needs)


def states(*steps: Step) -> dict[str, State]:
    return {finding.step: finding.state for finding in examine(steps, Walk())}


def test_a_step_that_needs_a_red_one_is_not_tried_and_neither_is_what_needs_that() -> None:
    assert states(
        step("redis", red("away", "start it")),
        step("layer", green("well"), needs=("redis",)),
        step("message", green("well"), needs=("layer",)),
        step("page", green("well")),
    ) == {"redis": State.RED, "layer": State.UNSEEN, "message": State.UNSEEN, "page": State.GREEN}


def test_a_warning_stops_no_other_step() -> None:
    assert states(step("disk", yellow("low", "tidy")), step("page", green("well"), needs=("disk",)))["page"] == "green"


def test_a_part_stops_only_what_needs_that_part() -> None:
    found = states(
        step("program", green("runs", "web"), red("FATAL", "look", "worker-chat")),
        step("page", green("well"), needs=("program web",)),
        step("message", green("well"), needs=("program worker-chat",)),
    )
    assert found == {
        "program web": State.GREEN,
        "program worker-chat": State.RED,
        "page": State.GREEN,
        "message": State.UNSEEN,
    }


def test_a_step_that_raises_is_red_with_what_it_raised_on_one_line() -> None:
    def look(walk: Walk) -> Iterator[Observation]:
        yield green("half way", "one")
        raise ValueError("so\nit went")

    first, second, third = examine([Step("odd", look), step("page", green("well"))], Walk())
    assert (first.step, second.step, third.step) == ("odd one", "odd", "page")
    assert (second.state, second.saw) == (State.RED, "ValueError: so it went")
    assert second.advice


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        ([], 0),
        (["green", "yellow"], 0),
        (["green", "red", "unseen"], 1),
        (["green", "unseen"], 2),
    ],
)
def test_the_exit_code_says_green_red_or_could_not_look(seen: list[str], code: int) -> None:
    assert exit_code(Finding("a step", State(state), "", "", 0.0) for state in seen) == code


def test_every_need_names_something_that_is_looked_at_before() -> None:
    from proj.health.steps import STEPS

    before: set[str] = set()
    for one in STEPS:
        for need in one.needs:
            # a part such as "program web" belongs to the step that shows it
            assert need in before or need.partition(" ")[0] in before
        before.add(one.name)


def test_what_could_not_be_looked_at_yet_stops_nothing() -> None:
    assert states(step("program", unseen("STARTING", "wait")), step("page", green("well"), needs=("program",)))["page"]
