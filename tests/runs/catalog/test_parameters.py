"""Values that people give become arguments, and nothing else: no option, no second line, no shell."""

from typing import Any

import pytest

from proj.runs.catalog.parameters import BadDescription, arguments, check_command, checked, described
from proj.runs.refusals import BadParameter

COMMAND = ["deploy", "{version}", "--mode={mode}", "{force}", "{{literal}}"]
DESCRIBED: list[dict[str, Any]] = [
    {"name": "version", "pattern": r"[-\w.]+", "required": True},
    {"name": "mode", "type": "choice", "choices": ["fast", "-slow"], "default": "fast"},
    {"name": "force", "type": "boolean", "argument": "--force"},
]


def line(**values: object) -> list[str]:
    parameters = described(DESCRIBED)
    check_command(COMMAND, parameters)
    return arguments(COMMAND, parameters, checked(parameters, values))


def one(value: object, **description: Any) -> list[str]:
    parameters = described([{"name": "p"} | description])
    return arguments(["x", "{p}"], parameters, checked(parameters, {"p": value}))[1:]


def test_values_take_their_places() -> None:
    assert line(version="1.4", force="yes", mode="-slow") == ["deploy", "1.4", "--mode=-slow", "--force", "{literal}"]


def test_defaults_are_used_and_places_without_a_value_are_left_out() -> None:
    assert line(version="1.4") == ["deploy", "1.4", "--mode=fast", "{literal}"]
    assert arguments(["x", "--a={a}", "{b}"], described([{"name": "a"}, {"name": "b"}]), {}) == ["x"]


@pytest.mark.parametrize("value", ["a b", 'quo"te', "it's", "$(reboot)", "; reboot", "`x`", "*", "ünï", "{other}"])
def test_what_a_shell_would_read_is_just_text(value: str) -> None:
    assert one(value) == [value]


@pytest.mark.parametrize("value", ["--rm", "-", "-rf /"])
def test_a_value_cannot_become_an_option(value: str) -> None:
    with pytest.raises(BadParameter, match="may not begin with `-`"):
        one(value)
    assert one(value, dash=True) == [value]


def test_a_negative_number_cannot_become_an_option_either() -> None:
    with pytest.raises(BadParameter):
        one("-5", type="integer")
    parameters = described([{"name": "p", "type": "integer"}])
    assert arguments(["x", "--n={p}"], parameters, checked(parameters, {"p": "-5"})) == ["x", "--n=-5"]


@pytest.mark.parametrize("value", ["a\nb", "a\r", "a\0b", "a\x1b[1m", "\ud800", "x" * 5000, 7, None.__class__])
def test_texts_are_one_line_of_visible_characters(value: object) -> None:
    with pytest.raises(BadParameter):
        one(value)


def test_more_than_one_line_is_allowed_where_the_service_says_so_and_nul_never() -> None:
    assert one("a\n\tb", lines=True) == ["a\n\tb"]
    with pytest.raises(BadParameter):
        one("a\0", lines=True)


@pytest.mark.parametrize(
    ("value", "description"),
    [
        ("1.4; rm", {"pattern": r"[\w.]+"}),
        ("1.4\n", {"pattern": r"[\w.]+"}),
        ("c", {"type": "choice", "choices": ["a", "b"]}),
        ("1.5", {"type": "integer"}),
        ("٣", {"type": "integer"}),
        (True, {"type": "integer"}),
        ("9" * 19, {"type": "integer"}),
        ("maybe", {"type": "boolean"}),
        (["a"], {}),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value: object, description: dict[str, Any]) -> None:
    with pytest.raises(BadParameter) as refused:
        one(value, **description)
    assert refused.value.name == "p"
    assert refused.value.detail.startswith("p ")


def test_what_is_needed_must_be_given_and_what_is_unknown_may_not() -> None:
    with pytest.raises(BadParameter, match="version is needed"):
        line()
    with pytest.raises(BadParameter, match="there is: version, mode, force"):
        line(version="1", colour="red")


@pytest.mark.parametrize(
    "description",
    [
        "no list",
        [{"name": "A"}],
        [{"name": "a"}, {"name": "a"}],
        [{"name": "a", "type": "float"}],
        [{"name": "a", "colour": "red"}],
        [{"name": "a", "type": "choice"}],
        [{"name": "a", "choices": ["x"]}],
        [{"name": "a", "pattern": "("}],
        [{"name": "a", "pattern": "x", "type": "integer"}],
        [{"name": "a", "default": "y", "pattern": "x"}],
        [{"name": "a", "required": "yes"}],
        ["a"],
    ],
)
def test_a_description_that_makes_no_sense_is_refused_with_a_sentence(description: object) -> None:
    with pytest.raises(BadDescription, match=r".+\."):
        described(description)


@pytest.mark.parametrize(
    "command",
    [[], "deploy", [1], [""], ["{version}"], ["x", "{nope}"], ["x", "v{version}!"], ["x", "a\0"], ["x"]],
)
def test_a_command_that_does_not_fit_its_parameters_is_refused(command: object) -> None:
    with pytest.raises(BadDescription, match=r".+\."):
        check_command(command, described([{"name": "version"}]))
