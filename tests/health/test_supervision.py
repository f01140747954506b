"""The connection to supervisord, and the private attribute of the standard library that it needs."""

import socket
import xmlrpc.client
from pathlib import Path

import pytest

from proj.health.supervision import Supervisor, full_name


def test_the_standard_library_still_has_the_private_attribute_that_close_uses() -> None:
    assert xmlrpc.client.Transport()._connection == (None, None)


def test_without_supervisord_a_call_raises_oserror(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "supervisor.sock") as supervisor, pytest.raises(FileNotFoundError):
        supervisor.processes()


def test_a_supervisord_that_does_not_answer_ends_in_a_timeout(tmp_path: Path) -> None:
    path = tmp_path / "supervisor.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        with Supervisor(path, timeout=0.1) as supervisor, pytest.raises(TimeoutError):
            supervisor.processes()


def test_names_are_those_of_supervisorctl() -> None:
    assert full_name("web", "web") == "web"
    assert full_name("interface", "interface_0") == "interface:interface_0"
