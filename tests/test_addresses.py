"""proj/addresses.py: origins as browsers write them, and addresses of hosts."""

import pytest

from proj.addresses import Address, ip_address, with_port
from proj.env import bind_address, networks, origins


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("http://ops.example.org:8080", "http://ops.example.org:8080"),
        ("HTTP://Ops.Example.ORG.:8080", "http://ops.example.org:8080"),
        ("https://ops.example.org:443", "https://ops.example.org"),
        ("http://ops.example.org:", "http://ops.example.org"),
        ("https://ops.example.org:80", "https://ops.example.org:80"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://[2001:DB8:0:0::5]:80", "http://[2001:db8::5]"),
        ("http://[::ffff:192.0.2.1]", "http://[::ffff:c000:201]"),
        ("https://опс.example", "https://xn--n1acg.example"),
        ("https://ОПС.Example.", "https://xn--n1acg.example"),
        ("https://例え。テスト", "https://xn--r8jz45g.xn--zckzah"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("https://☃.example", "https://xn--n3h.example"),
        ("https://xn--n1acg.example", "https://xn--n1acg.example"),
    ],
)
def test_an_address_is_read_as_browsers_send_it(written: str, sent: str) -> None:
    assert origins(written) == [sent]


@pytest.mark.parametrize(
    "text",
    [
        *("", "ops.example.org", "ftp://ops.example.org", "http://", "null", "http://[", "http://[::1", "http://::1"),
        *(
            "http://ops.example.org/chat",
            "http://ops.example.org?q",
            "http://ops.example.org#x",
            "http://a@ops.example",
        ),
        *("http://ops.example.org:0", "http://ops.example.org:70000", "http://*.example.org", "http://ops..example"),
        *(
            "http://ops_1.example",
            "http://ops 1.example",
            "http://127.1",
            "http://1.2.3.400",
            "http://[fe80::1%25eth0]",
        ),
        *(f"http://{'ж' * 60}.example", f"http://{'a.' * 130}example", "http://\udcff.example"),
    ],
)
def test_anything_else_is_refused_by_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="a list of addresses like"):
        origins(text)


def test_the_same_address_counts_once() -> None:
    assert origins("http://опс.example, http://ОПС.example:80/, http://xn--n1acg.example.") == [
        "http://xn--n1acg.example"
    ]


@pytest.mark.parametrize(
    ("written", "bound"),
    [
        *(("::1", "::1"), ("[::1]", "::1"), ("::", "::"), ("[::]", "::"), ("0:0:0:0:0:0:0:1", "::1")),
        *(("localhost", "127.0.0.1"), ("LocalHost", "127.0.0.1"), ("0.0.0.0", "0.0.0.0")),  # noqa: S104
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_nginx_listens_on_an_address_as_people_write_it(written: str, bound: str) -> None:
    assert bind_address(written) == bound


@pytest.mark.parametrize("text", ["", "ops1", "fe80::1%eth0", "[127.0.0.1", "127.1", "::1]:8080", "127.0.0.1:8080"])
def test_another_address_to_listen_on_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an address of this host like"):
        bind_address(text)


def test_networks_may_stand_in_brackets() -> None:
    assert networks("10.0.0.5, [::1], 2001:db8::/32,") == ["10.0.0.5/32", "::1/128", "2001:db8::/32"]


def test_a_port_follows_brackets() -> None:
    assert with_port("::1", 8080) == with_port("[::1]", 8080) == "[::1]:8080"
    assert with_port("127.0.0.1", 80) == "127.0.0.1:80"


def test_the_host_header_of_a_browser_has_no_default_port() -> None:
    assert Address.parse("http://[::1]:80").authority == "[::1]"
    assert Address.parse("https://ops.example.org:8443").authority == "ops.example.org:8443"


def test_an_ipv4_client_of_an_ipv6_socket_is_an_ipv4_client() -> None:
    assert ip_address("::ffff:127.0.0.1") == ip_address("127.0.0.1")
