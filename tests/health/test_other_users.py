"""The doctor's question to sudo about services that run as another user."""

import getpass

import pytest

from proj.health import other_users
from proj.health.report import State, Walk
from proj.runs.models import Service
from proj.runs.running import sudo

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """The commands about which sudo was asked; it refuses the program /srv/refused."""
    commands: list[tuple[str, list[str]]] = []

    def refusal(user: str, command: list[str]) -> str:
        commands.append((user, command))
        return "a password is required" if command[0] == "/srv/refused" else ""

    monkeypatch.setattr(sudo, "refusal", refusal)
    return commands


def test_without_such_a_service_sudo_is_not_asked(asked: list[object]) -> None:
    Service.objects.create(uid="web1", name="web1", command=["true"])
    assert list(other_users.services_switch_user(Walk())) == []
    assert asked == []


def test_each_service_is_asked_about_with_its_defaults(asked: list[tuple[str, list[str]]]) -> None:
    version = {"name": "v", "default": "1.0"}
    Service.objects.create(uid="a", name="a", command=["/srv/a", "{v}"], parameters=[version], run_as="deploy")
    Service.objects.create(uid="b", name="b", command=["/srv/refused"], run_as="deploy")
    needed = {"name": "v", "required": True}
    Service.objects.create(uid="c", name="c", command=["/srv/refused", "{v}"], parameters=[needed], run_as="deploy")
    Service.objects.create(uid="d", name="d", command=["/srv/refused"], run_as="deploy", enabled=False)
    found = {one.part: one for one in other_users.services_switch_user(Walk())}
    assert {part: one.state for part, one in found.items()} == {"a": State.GREEN, "b": State.RED, "c": State.GREEN}
    me = getpass.getuser()
    assert found["b"].saw == f"sudo does not let {me} run /srv/refused as deploy: a password is required"
    assert "services --sudoers" in found["b"].advice
    assert ("deploy", ["/srv/a", "1.0"]) in asked


def test_a_missing_sudo_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sudo, "program", lambda: "/nosuch/sudo")
    assert sudo.refusal("deploy", ["/srv/a"]) == "sudo is not installed"
