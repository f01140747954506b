"""SIGNALBOX_BIND as people write it, on the whole stack: IPv6, both families, a name."""

import asyncio
import re
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from urllib.parse import urlencode

import pytest

from deploy import port
from tests.system.client import hear, knock
from tests.system.stack import Stack

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def bound() -> Iterator[Stack]:
    """A stack whose nginx listens on the loopback address of IPv6, in brackets as in a browser."""
    stack = Stack({"SIGNALBOX_BIND": "[::1]"})
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


def listening(stack: Stack) -> set[str]:
    return {str(row.address) for row in port.listeners() if row.port == stack.port}


def sign_in(link: str) -> int:
    """Follow a sign-in link as a browser does, form and origin included; return the status of the last page."""
    page, _, code = link.partition("#")
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
    )
    with opener.open(page) as answer:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', answer.read().decode())
    assert token
    form = urlencode({"csrfmiddlewaretoken": token[1], "code": code}).encode()
    request = urllib.request.Request(page, form, {"Origin": page.removesuffix("/sign-in/link/"), "Referer": page})  # noqa: S310
    with opener.open(request) as answer:
        return int(answer.status)


async def test_pages_links_forms_and_sockets_work_over_ipv6(bound: Stack) -> None:
    url = f"http://[::1]:{bound.port}"
    assert f"Signalbox is up: {url}/" in bound.output
    assert listening(bound) == {"::1"}
    link = re.search(r"http\S+#\S+", bound.manage("adduser", "alice"))
    assert link
    assert link[0].startswith(f"{url}/sign-in/link/#")
    assert await asyncio.to_thread(sign_in, link[0]) == 200
    cookie = await asyncio.to_thread(bound.sign_in, "alice")
    for origin in (url, f"http://localhost:{bound.port}"):
        async with await knock(url, "lobby", cookie, origin=origin) as socket:
            await hear(socket, "welcome")
    with pytest.raises(Exception, match="403"):
        await knock(url, "lobby", cookie, origin=f"http://[::2]:{bound.port}")


def test_every_address_means_both_families(bound: Stack) -> None:
    done = bound.run("./deploy/up", SIGNALBOX_BIND="::")
    assert done.returncode == 0, done.stdout + done.stderr
    assert listening(bound) == {"0.0.0.0", "::"}  # noqa: S104
    for host in ("[::1]", "127.0.0.1", "localhost"):
        with urllib.request.urlopen(f"http://{host}:{bound.port}/sign-in/") as answer:
            assert answer.status == 200
    with urllib.request.urlopen(f"{bound.url}/metrics") as answer:  # noqa: S310
        assert answer.status == 200, "an IPv4 client is not seen under its own address"


def test_localhost_is_a_name_for_this_host(bound: Stack) -> None:
    done = bound.run("./deploy/up", SIGNALBOX_BIND="localhost")
    assert done.returncode == 0, done.stdout + done.stderr
    assert listening(bound) == {"127.0.0.1"}
    assert bound.get("/sign-in/")[0] == 200
    bound.wait_green()
