"""deploy/render.py: the nginx configuration of a host follows its settings."""

import dataclasses
import re

import pytest

from deploy import listen, render
from tests.deploy.conftest import Checkout
from tests.system.stack import CHECKOUT

PLAIN = listen.Listen(
    bind="127.0.0.1",
    port=8080,
    origins=["http://127.0.0.1:8080", "http://localhost:8080"],
    trusted_proxies=[],
    certificate="",
    key="",
    redirect_port=0,
    sockets=5000,
    address_requests=200,
    address_connections=2000,
)


def rendered(numprocs: int = 2, **changes: object) -> dict[str, str]:
    return render.render(dataclasses.replace(PLAIN, **changes), numprocs, 20_000, 2, False)  # type: ignore[arg-type]


def nginx_accepts(checkout: Checkout) -> str:
    """Return the output of `nginx -t` for the rendered configuration; fail when nginx refuses it."""
    assert checkout.python("-m", "deploy.render").returncode == 0
    done = checkout.run(
        "sh",
        "-c",
        'PATH=$PATH:/usr/sbin nginx -t -p "$PWD/" -e stderr -c nginx/nginx.conf 2>&1 | cat',
    )
    assert "test is successful" in done.stdout, done.stdout
    return done.stdout


@pytest.mark.parametrize("numprocs", [1, 2, 5])
def test_one_upstream_for_each_interface_process(numprocs: int) -> None:
    upstreams = [line for line in rendered(numprocs)["http.conf"].splitlines() if "server unix:" in line]

    assert upstreams == [f"    server unix:var/run/interface_{n}.sock max_fails=0;" for n in range(numprocs)]


def test_the_processes_of_nginx_count_sockets_together() -> None:
    assert "    zone interface 64k;" in rendered()["http.conf"].splitlines()


def test_numprocs_of_supervisord_conf_decides(checkout: Checkout) -> None:
    conf = checkout.root / "supervisord.conf"
    conf.write_text(conf.read_text().replace("numprocs=2", "numprocs=3 ; more"))

    nginx_accepts(checkout)

    assert "interface_2.sock" in (checkout.root / "var/nginx/http.conf").read_text()


def test_origins_become_server_names_and_the_policy() -> None:
    files = rendered(origins=["https://ops.example.org", "http://10.0.0.5:8080", "http://[::1]:8080"])

    assert "server_name ops.example.org 10.0.0.5 [::1];" in files["server.conf"]
    assert "connect-src 'self' wss://ops.example.org ws://10.0.0.5:8080 ws://[::1]:8080;" in files["http.conf"]
    assert "unsafe" not in files["http.conf"]


def test_https_everywhere_redirects_plain_requests() -> None:
    assert "return 301" not in rendered()["server.conf"]
    assert (
        "return 301 https://ops.example.org$request_uri" in rendered(origins=["https://ops.example.org"])["server.conf"]
    )


def test_limits_of_zero_are_off() -> None:
    files = rendered(address_requests=0, address_connections=0)

    assert "limit_" not in files["server.conf"] + files["http.conf"]


def test_connections_are_twice_the_sockets_within_what_the_host_allows() -> None:
    assert rendered(sockets=5000)["events.conf"] == "worker_connections 11000;"
    assert rendered(sockets=500_000)["events.conf"] == f"worker_connections {20_000 - 64};"


def test_nginx_accepts_the_defaults(checkout: Checkout) -> None:
    assert "warn" not in nginx_accepts(checkout)


def test_nginx_accepts_proxies_ipv6_and_no_limits(checkout: Checkout) -> None:
    checkout.settings(
        "SIGNALBOX_BIND=::1\nSIGNALBOX_URLS=https://ops.example.org,http://[::1]:8080\n"
        "SIGNALBOX_TRUSTED_PROXIES=10.0.0.0/8, ::1\nSIGNALBOX_ADDRESS_REQUESTS=0\nSIGNALBOX_ADDRESS_CONNECTIONS=0\n"
    )

    nginx_accepts(checkout)

    assert "set_real_ip_from 10.0.0.0/8;" in (checkout.root / "var/nginx/http.conf").read_text()


def test_nginx_accepts_a_certificate(checkout: Checkout) -> None:
    openssl = "openssl req -x509 -newkey rsa:2048 -nodes -keyout var/key.pem -out var/cert.pem -days 2 -subj /CN=ops"
    made = checkout.run("sh", "-c", openssl)
    assert made.returncode == 0, made.stderr
    checkout.settings(
        f"SIGNALBOX_URLS=https://ops.example.org:{checkout.port}\nSIGNALBOX_REDIRECT_PORT=18080\n"
        "SIGNALBOX_TLS_CERTIFICATE=var/cert.pem\nSIGNALBOX_TLS_KEY=var/key.pem\n"
    )

    nginx_accepts(checkout)

    assert " ssl;" in (checkout.root / "var/nginx/server.conf").read_text()


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("SIGNALBOX_BIND", "everywhere", "an address of this host"),
        ("SIGNALBOX_PORT", "80800", "a whole number from 1 to 65535"),
        ("SIGNALBOX_URLS", "ops.example.org", "a list of addresses"),
        ("SIGNALBOX_URLS", "http://x; } evil { http://y", "a list of addresses"),
        ("SIGNALBOX_TRUSTED_PROXIES", "10.0.0.0/8; include /etc/passwd", "a list of addresses or networks"),
        ("SIGNALBOX_TLS_CERTIFICATE", "/nowhere/cert.pem", "a file that can be read"),
        ("SIGNALBOX_SOCKETS", "many", "a whole number"),
    ],
)
def test_a_bad_setting_is_refused_with_one_sentence(checkout: Checkout, name: str, value: str, what: str) -> None:
    done = checkout.python("-m", "deploy.render", **{name: value})

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"the setting {name} must be {what}" in done.stderr
    assert not (checkout.root / "var/nginx/server.conf").exists()


def test_every_setting_is_documented() -> None:
    operations = (CHECKOUT / "docs" / "operations.md").read_text()
    for name in re.findall(r'setting\("(\w+)"', (CHECKOUT / "deploy" / "listen.py").read_text()):
        assert f"`{name}`" in operations


def test_each_further_path_of_channels1_sockets_leads_to_the_interfaces(checkout: Checkout) -> None:
    lines = rendered(channel_paths=("/channel/", "/deck/stream/"))["server.conf"].splitlines()
    assert [line for line in lines if "sockets.conf" in line] == ["location ^~ /deck/stream/ { include sockets.conf; }"]
    checkout.settings("SIGNALBOX_CHANNEL_PATHS=/channel/,/deck/stream/\n")
    nginx_accepts(checkout)
