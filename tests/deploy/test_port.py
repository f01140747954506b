"""deploy/port.py: the holder of a port, without ss or lsof."""

import os
import socket
import sys
from pathlib import Path

import pytest

from deploy import port
from tests.deploy.conftest import Checkout

ELSEWHERE = Path("/nowhere")


@pytest.mark.parametrize("wanted", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_the_holder_is_named(wanted: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]

        sentence = port.taken(ELSEWHERE, wanted, number)

    assert f"port {number} is taken (127.0.0.1:{number}) by process {os.getpid()}: {sys.orig_argv[0]} " in sentence


def test_every_address_holds_each() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104
        assert "is taken (0.0.0.0:" in port.taken(ELSEWHERE, "127.0.0.1", server.getsockname()[1])


def test_ipv6_is_read_too() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        number = server.getsockname()[1]

        assert f"([::1]:{number})" in port.taken(ELSEWHERE, "::1", number)
        assert not port.taken(ELSEWHERE, "127.0.0.1", number)


def test_our_own_nginx_is_no_obstacle() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not port.taken(Path.cwd(), "127.0.0.1", server.getsockname()[1])


def test_a_free_port_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]

    assert not port.taken(ELSEWHERE, "127.0.0.1", number)


def test_an_address_of_another_host_is_refused() -> None:
    assert "nothing can listen on 192.0.2.1" in port.taken(ELSEWHERE, "192.0.2.1", 8080)


def test_up_reports_it_before_it_writes_anything(checkout: Checkout) -> None:
    with socket.create_server(("127.0.0.1", checkout.port)):
        done = checkout.python("-m", "deploy.configure")

    assert done.returncode == 1
    assert f"by process {os.getpid()}" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (checkout.root / "var" / "signalbox.env").exists()
