"""The rules of sudo that services need; tests/runs/running/test_run_as.py tries them with the real sudo."""

from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from pytest_django import Settings

from proj.runs import loading
from proj.runs.catalog import sudoers
from proj.runs.models import Run, Service
from proj.runs.running import launching
from tests.runs.conftest import Make


def of(*command: str, **fields: Any) -> list[str]:
    return sudoers.rules(Service(uid="web1", run_as="deploy", command=list(command), **fields))


def test_a_command_without_parameters_has_exactly_its_arguments() -> None:
    assert of("/srv/deploy") == ['/srv/deploy ""']
    assert of("/srv/deploy", "--to=a,b:c", "-x") == [r"/srv/deploy --to\=a\,b\:c -x"]
    assert of("/srv/deploy", "a b", "*", "") == [r"/srv/deploy ^a b \* $"]
    assert of("/srv/my deploy", "{{x}}") == [r"/srv/my\ deploy ^\{x\}$"]


@pytest.mark.parametrize(
    ("place", "parameter", "rule"),
    [
        ("{v}", {"required": True}, "^[^-[:space:]][^[:space:]]*$"),
        ("--v={v}", {"required": True}, "^--v=[^[:space:]]+$"),
        ("{v}", {"required": True, "pattern": "[0-9.]+"}, "^([0-9.]+)$"),
        ("{v}", {"required": True, "pattern": r"\d+"}, "^[^-[:space:]][^[:space:]]*$"),
        ("{v}", {"required": True, "pattern": ".*"}, "^[^-[:space:]][^[:space:]]*$"),
        ("{v}", {"required": True, "pattern": "[a-z]+ .+"}, "^[^-[:space:]][^[:space:]]*$"),
        ("{v}", {"required": True, "pattern": "[^x]+"}, "^[^-[:space:]][^[:space:]]*$"),
        ("{v}", {"required": True, "pattern": "(-x|y)"}, "^[^-[:space:]][^[:space:]]*$"),
        ("--v={v}", {"required": True, "pattern": "(-x|y)"}, "^--v=((-x|y))$"),
        ("{v}", {"required": True, "type": "integer"}, "^[0-9]+$"),
        ("--v={v}", {"required": True, "type": "integer"}, "^--v=-?[0-9]+$"),
        ("{v}", {"required": True, "type": "choice", "choices": ["a.b", "c d"]}, r"^(a\.b|c d)$"),
        ("{v}", {"default": True, "type": "boolean"}, "^(true|false)$"),
    ],
)
def test_a_value_has_the_narrowest_expression_that_sudo_knows(place: str, parameter: dict[str, Any], rule: str) -> None:
    assert of("/srv/deploy", place, parameters=[{"name": "v", **parameter}]) == [f"/srv/deploy {rule}"]


def test_places_without_a_value_may_be_left_out() -> None:
    text, flag = {"name": "a", "pattern": "[a-z]+"}, {"name": "b", "type": "boolean", "argument": "--b"}
    assert of("/srv/deploy", "{a}", "{b}", parameters=[text, flag]) == [
        '/srv/deploy ""',
        "/srv/deploy ^(([a-z]+)( --b)?|--b)$",
    ]
    assert of("/srv/deploy", "go", "{b}", parameters=[flag]) == ["/srv/deploy ^go( --b)?$"]


def test_the_command_prints_the_rules_for_its_own_user(make: Make) -> None:
    make("web1", ["/srv/deploy"], run_as="deploy", values={"MODE": "live", "BAD NAME": "x"})
    make("other", ["/srv/other"])
    out = StringIO()
    call_command("services", "--sudoers", stdout=out)
    text = out.getvalue()
    assert 'env_keep += "SIGNALBOX_RUN SIGNALBOX_SERVICE MODE"' in text
    assert ' ALL=(deploy) NOPASSWD: /srv/deploy ""\n' in text
    assert "^-(TERM|KILL) -- -[0-9]+$" in text
    assert "/srv/other" not in text


def test_without_such_services_there_are_no_rules(db: None) -> None:
    out = StringIO()
    call_command("services", "--sudoers", stdout=out)
    assert out.getvalue() == "# No service has run_as.\n"


@pytest.mark.parametrize(
    "name", ["root", "#0", "-u", "deploy ops", "Deploy", "%wheel", "ALL", "a" * 33, "../x", "deploy\n", "0day"]
)
def test_a_user_is_a_plain_name_and_not_root(make: Make, name: str) -> None:
    with pytest.raises(ValidationError):
        make("web1", ["/srv/deploy"], run_as=name)


def test_root_needs_a_setting(make: Make, settings: Settings) -> None:
    settings.RUN_AS_ROOT = True
    assert make("web1", ["/srv/deploy"], run_as="root").run_as == "root"


def test_the_program_is_an_absolute_path(make: Make) -> None:
    with pytest.raises(ValidationError, match="absolute path"):
        make("web1", ["deploy"], run_as="deploy")


def test_a_file_of_services_names_the_user(db: None, tmp_path: Any) -> None:
    file = tmp_path / "services.toml"
    file.write_text('[web1]\ncommand = ["/srv/deploy"]\nrun_as = "deploy"\n')
    loading.load(file)
    assert Service.objects.get(uid="web1").run_as == "deploy"
    file.write_text('[web1]\ncommand = ["/srv/deploy"]\nrun_as = "root"\n')
    with pytest.raises(loading.BadFile, match="run_as: No service runs as root"):
        loading.load(file)


def test_a_run_as_our_own_user_knows_nothing_of_sudo(make: Make) -> None:
    mine, theirs = make("web1", ["/srv/deploy"]), make("web2", ["/srv/deploy"], run_as="deploy")
    spec = launching.specification(Run(service=mine, command=mine.command))
    assert (spec["sudo"], spec["user"]) == ([], "")
    spec = launching.specification(Run(service=theirs, command=theirs.command))
    assert spec["sudo"][1:] == ["-n", "-u", "deploy", "--"]
    assert (spec["user"], spec["directory"]) == ("deploy", "/")
