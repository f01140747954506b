"""nginx as deploy/nginx.sh runs it, in front of stubs that return the request as they received it."""

import base64
import hashlib
import json
import re
import signal
import socket
import socketserver
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from itertools import product

import pytest

from deploy import takeover
from tests.conftest import wait_for
from tests.deploy.conftest import Checkout
from tests.system.stack import CHECKOUT

CLAIMS = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Real-IP": "6.6.6.6",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": "for=6.6.6.6",
    "Daphne-Root-Path": "/evil",
}


def get(checkout: Checkout, path: str = "/", **headers: str) -> tuple[int, Message, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(checkout.url + path, headers=named)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


@pytest.fixture
def nginx(checkout: Checkout) -> Checkout:
    start_nginx(checkout)
    return checkout


def start_nginx(checkout: Checkout) -> None:
    checkout.start("nginx.sh")

    def answers() -> bool:
        try:
            return get(checkout, "/robots.txt")[0] == 200
        except OSError:
            return False

    wait_for(answers, what="nginx")


class Repeat(socketserver.StreamRequestHandler):
    """Answer any request with its head, as an interface process behind nginx receives it."""

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return
            head += line
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(head) + head)


@pytest.fixture
def interface(nginx: Checkout) -> Iterator[Checkout]:
    """A stub on the socket of interface_1; interface_0 is down."""
    with socketserver.ThreadingUnixStreamServer(str(nginx.root / "var/run/interface_1.sock"), Repeat) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield nginx
        server.shutdown()
        thread.join()


@pytest.fixture
def web(checkout: Checkout) -> Checkout:
    checkout.settings("SIGNALBOX_ADDRESS_REQUESTS=0\n")
    start_nginx(checkout)
    checkout.start("web.sh")
    wait_for(lambda: get(checkout)[0] == 200, what="uwsgi")
    return checkout


def test_what_a_client_claims_does_not_reach_an_interface_process(interface: Checkout) -> None:
    status, _, head = get(interface, "/ws/chat/x/", **CLAIMS)

    assert status == 200
    assert "6.6.6.6" not in head
    assert "evil" not in head
    assert "daphne-root-path" not in head.lower()
    assert "X-Real-IP: 127.0.0.1\r\n" in head
    assert "X-Forwarded-For: 127.0.0.1\r\n" in head
    assert "X-Forwarded-Proto: http\r\n" in head


def test_a_socket_goes_to_an_interface_process_that_is_there(interface: Checkout) -> None:
    answers = [
        get(interface, "/ws/chat/x/", Upgrade="websocket", Connection="Upgrade") for _ in range(20)
    ]  # every other one would meet interface_0 first

    assert [status for status, _, _ in answers] == [200] * 20
    assert "Upgrade: websocket\r\nConnection: upgrade\r\n" in answers[0][2]


def test_what_a_client_claims_does_not_reach_a_view(web: Checkout) -> None:
    _, _, text = get(web, **CLAIMS)
    received = json.loads(text)

    assert "6.6.6.6" not in text
    assert "evil" not in text
    assert received["REMOTE_ADDR"] == received["HTTP_X_REAL_IP"] == received["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"
    assert received["HTTP_X_FORWARDED_PROTO"] == received["wsgi.url_scheme"] == "http"


def test_a_trusted_proxy_is_believed(checkout: Checkout) -> None:
    checkout.settings("SIGNALBOX_TRUSTED_PROXIES=127.0.0.1\n")
    start_nginx(checkout)
    checkout.start("web.sh")
    wait_for(lambda: get(checkout)[0] == 200, what="uwsgi")

    received = json.loads(get(checkout, **CLAIMS | {"X-Forwarded-For": "9.9.9.9, 203.0.113.7"})[2])

    assert received["REMOTE_ADDR"] == received["HTTP_X_FORWARDED_FOR"] == "203.0.113.7"
    assert received["wsgi.url_scheme"] == "https"


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def requested(checkout: Checkout, head: str) -> bytes:
    """Return the answer to a GET: `head` is the address, the version and headers."""
    return spoken(checkout, f"GET {head}\r\nHost: 127.0.0.1:{checkout.port}\r\nConnection: close\r\n\r\n".encode())


def test_a_long_address_gets_a_page_that_stays(web: Checkout) -> None:
    for path, length in product(("/search/?q=", "/", "/ws/chat/", "/static/", "/admin/?next="), (8_100, 8_190, 70_000)):
        answer = requested(web, f"{path}{'q' * length} HTTP/1.1")
        assert status_of(answer) == 414, (path, length)
        assert b"The address is too long" in answer
        assert b"http-equiv" not in answer
        assert b"Content-Security-Policy" in answer


def test_uwsgi_takes_whatever_nginx_lets_through(web: Checkout) -> None:
    long, small = "q" * 7_900, "\r\na:"
    for head in (
        f"/?q={long} HTTP/1.1",
        f"/{long} HTTP/1.1",
        f"/?q={long} HTTP/1.1\r\nCookie: {long}\r\nReferer: {long}",
    ):
        assert status_of(requested(web, head)) == 200, (head[:10], len(head))
    for path in ("/", f"/{long}"):  # as many small headers as nginx takes
        statuses = [status_of(requested(web, f"{path} HTTP/1.1{small * count}")) for count in range(6_400, 0, -400)]
        assert set(statuses) == {200, 431}
        assert statuses == sorted(statuses, reverse=True)


def test_long_headers_get_a_page_that_says_what_to_do(web: Checkout) -> None:
    for headers in (
        "Cookie: " + "c" * 8_100,
        "Cookie: " + "c" * 70_000,
        "\r\n".join(f"X-{number}: {'x' * 4_000}" for number in range(10)),
        "\r\n".join(["a:"] * 10_000),
    ):
        answer = requested(web, f"/ HTTP/1.1\r\n{headers}")
        assert status_of(answer) == 431, headers[:20]
        assert b"Delete the cookies of this site" in answer
        assert b"http-equiv" not in answer


def test_the_page_about_long_headers_needs_no_second_request_for_its_style(web: Checkout) -> None:
    """The browser would send the same headers again."""
    head, _, body = requested(web, f"/ HTTP/1.1\r\nCookie: {'c' * 8_100}").partition(b"\r\n\r\n")
    style = re.search(rb"<style>(.*?)</style>", body, re.DOTALL)
    assert style
    assert style[1].decode().strip() == (CHECKOUT / "nginx" / "unavailable.css").read_text().strip()
    digest = base64.b64encode(hashlib.sha256(style[1]).digest())
    policies = re.findall(rb"Content-Security-Policy: (.*?)\r\n", head)
    assert len(policies) == 1
    assert b"style-src 'sha256-%s'" % digest in policies[0]
    assert b"stylesheet" not in body
    (_, headers, _) = get(web, "/sign-in/")
    assert "style-src 'self'" in headers["Content-Security-Policy"]


def test_a_form_that_is_too_large_gets_a_page_that_says_so(web: Checkout) -> None:
    head = f"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\nConnection: close\r\n"
    answers = [spoken(web, f"{head}Content-Length: {n}\r\n\r\n{'a' * n}".encode()) for n in (2_000_000, 2_200_000)]
    assert status_of(answers[0]) == 200
    answer = answers[1]
    assert status_of(answer) == 413
    assert b"at most 2 MB" in answer


def test_the_pages_of_refusals_have_no_address_of_their_own(web: Checkout) -> None:
    assert [get(web, f"/too_{name}.html")[0] for name in ("long", "large", "many_headers")] == [404] * 3


@pytest.fixture
def behind_proxies(checkout: Checkout) -> Checkout:
    """nginx and uwsgi behind the proxies 127.0.0.1 and 10.0.0.0/8, with https addresses only."""
    url = f"https://127.0.0.1:{checkout.port}"
    checkout.settings(f"SIGNALBOX_TRUSTED_PROXIES=127.0.0.1,10.0.0.0/8\nSIGNALBOX_URLS={url}\n")
    checkout.start("nginx.sh")
    checkout.start("web.sh")
    wait_for(lambda: scheme_seen(checkout, "https") == "https", what="uwsgi")
    return checkout


def scheme_seen(checkout: Checkout, forwarded: str) -> str:
    """Return the scheme that a view sees, or "" for a redirect to https."""
    request = f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{checkout.port}\r\nX-Forwarded-Proto: {forwarded}\r\n\r\n"
    try:
        answer = spoken(checkout, request.encode())
    except OSError:
        return "nothing"
    if b" 301 " in answer.partition(b"\r\n")[0]:
        return ""
    body = answer.partition(b"\r\n\r\n")[2]
    return str(json.loads(body)["wsgi.url_scheme"]) if body.startswith(b"{") else answer.decode(errors="replace")


def spoken(checkout: Checkout, request: bytes) -> bytes:
    """Send these bytes to nginx and return the whole answer."""
    with socket.create_connection(("127.0.0.1", checkout.port), timeout=20) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    ("forwarded", "scheme"),
    [
        *(("https,https", "https"), ("https, http", "https"), (" HTTPS ,http", "https"), ("wss", "https")),
        *(("http,https", ""), ("http", ""), ("ws", ""), ("", ""), ("httpsx", ""), (",https", ""), ("ftp, https", "")),
    ],
)
def test_the_first_scheme_of_a_chain_of_proxies_counts(behind_proxies: Checkout, forwarded: str, scheme: str) -> None:
    assert scheme_seen(behind_proxies, forwarded) == scheme


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 10.1.1.1", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7, 10.1.1.1, 10.2.2.2", "203.0.113.7"),
        ("2001:db8::7, 10.1.1.1", "2001:db8::7"),
        ("[2001:db8::7]:4711, 10.1.1.1", "2001:db8::7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("6.6.6.6, unknown, 10.1.1.1", "10.1.1.1"),
        ("10.3.3.3, 10.1.1.1", "10.3.3.3"),
        ("\r\nX-Forwarded-For: 203.0.113.7".join(["6.6.6.6", ""]), "203.0.113.7"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy(
    behind_proxies: Checkout, forwarded: str, client: str
) -> None:
    head = f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{behind_proxies.port}\r\nX-Forwarded-Proto: https\r\n"
    answer = spoken(behind_proxies, f"{head}X-Forwarded-For: {forwarded}\r\n\r\n".encode())
    received = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert received["REMOTE_ADDR"] == received["HTTP_X_FORWARDED_FOR"] == client


def test_every_answer_carries_the_security_headers_once(web: Checkout) -> None:
    (web.root / "var/static/app.js").write_text("export {};\n")

    for path in ("/", "/static/app.js", "/static/nothing.js", "/ws/chat/x/", "/robots.txt"):
        _, headers, _ = get(web, path)
        policies = headers.get_all("Content-Security-Policy") or []
        assert len(policies) == 1, path
        assert "script-src 'self';" in policies[0]
        assert "unsafe" not in policies[0]
        assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
        assert headers.get_all("X-Frame-Options") == ["DENY"]
        assert headers.get_all("Referrer-Policy") == ["same-origin"]


def test_while_the_web_process_is_away_a_page_says_so_and_tries_again(nginx: Checkout) -> None:
    status, headers, text = get(nginx, "/chat/lobby/")

    assert status == 502
    assert '<meta http-equiv="refresh" content="5">' in text
    assert "<script" not in text
    assert "style=" not in text
    assert headers["Cache-Control"] == "no-store"
    assert headers["Retry-After"] == "5"
    assert headers["Content-Security-Policy"]
    assert get(nginx, "/unavailable.css")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ""])
def test_a_host_name_that_is_not_ours_is_misdirected(nginx: Checkout, host: str) -> None:
    assert get(nginx, Host=host)[0] in (421, 400)


def test_files_with_a_hash_are_kept_for_ever_and_others_asked_for(nginx: Checkout) -> None:
    static = nginx.root / "var" / "static"
    (static / "room.0123456789ab.css").write_text("a" * 2000)
    (static / "room.css").write_text("a" * 2000)

    hashed, plain = (raw(nginx, path) for path in ("/static/room.0123456789ab.css", "/static/room.css"))

    assert hashed["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain["Cache-Control"] == "no-cache"
    assert hashed["Content-Encoding"] == plain["Content-Encoding"] == "gzip"
    assert hashed["Content-Type"] == "text/css; charset=utf-8"


def raw(checkout: Checkout, path: str) -> Message:
    """Return the headers of an answer that may be compressed."""
    request = urllib.request.Request(checkout.url + path, headers={"Accept-Encoding": "gzip"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        headers: Message = answer.headers
        return headers


def test_protected_media_cannot_be_asked_for(nginx: Checkout) -> None:
    (nginx.root / "var/media/secret.txt").write_text("secret")

    for path in ("/protected-media/secret.txt", "/static/../media/secret.txt", "/static/..%2fmedia/secret.txt"):
        status, _, text = get(nginx, path)
        assert "secret" not in text
        assert status >= 400


def test_too_many_requests_of_one_address_are_refused(checkout: Checkout) -> None:
    checkout.settings("SIGNALBOX_ADDRESS_REQUESTS=1\n")
    start_nginx(checkout)

    found = [get(checkout, "/unavailable.css")[0] for _ in range(30)]

    assert 429 in found
    assert found[0] == 200


def test_the_access_log_has_no_query_and_says_how_an_upgrade_ended(interface: Checkout) -> None:
    get(interface, "/ws/chat/x/?token=sesame")
    get(interface, "/unavailable.css?token=sesame")

    for line in ("GET /unavailable.css", "SOCKET /ws/chat/x/"):
        wait_for(lambda line=line: line in interface.log("nginx.sh"), what=line)  # type: ignore[misc]
    # nginx's error log shows the whole request; no setting changes that.
    log = "".join(line for line in interface.log("nginx.sh").splitlines(keepends=True) if "upstream: " not in line)
    assert "sesame" not in log
    assert re.search(r"SOCKET /ws/chat/x/ upgrade=(502, )?200 via ", log)


def requests_during(checkout: Checkout, action: threading.Event, path: str) -> list[int]:
    found = []
    while not action.is_set():
        found.append(get(checkout, path)[0])
    return found


def test_no_request_fails_during_a_chain_reload(web: Checkout) -> None:
    before = {json.loads(get(web)[2])["pid"] for _ in range(20)}
    done = threading.Event()
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.extend(requests_during(web, done, "/"))) for _ in range(4)]
    for thread in threads:
        thread.start()

    (web.root / "var/run/web.reload").touch()
    try:
        wait_for(lambda: not before & {json.loads(get(web)[2])["pid"] for _ in range(10)}, 40, "new workers")
    finally:
        done.set()
        for thread in threads:
            thread.join()

    assert len(statuses) > 50
    assert set(statuses) == {200}


def test_term_lets_requests_in_flight_finish(web: Checkout) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(get(web, "/slow")[0])) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(list((web.root / "var").glob("slow.*"))) == 2, what="both being served")

    uwsgi = web.started[-1]
    uwsgi.terminate()
    time.sleep(0.5)  # it would have cut them off by now; there is nothing to see from outside
    (web.root / "var/enough").touch()

    for thread in threads:
        thread.join()
    assert found == [200, 200]
    assert uwsgi.wait(10) == 0
    assert not (web.root / "var/run/web.sock").exists()


def test_hup_reloads_without_losing_the_environment(web: Checkout) -> None:
    """In a virtual environment, HUP used to execute the base Python, and the master died."""

    uwsgi = web.started[-1]
    uwsgi.send_signal(signal.SIGHUP)

    wait_for(lambda: web.log("web.sh").count("spawned uWSGI worker 1") == 2, seconds=60, what="the reload")
    wait_for(lambda: get(web)[0] == 200, what="uwsgi after a reload")
    assert uwsgi.poll() is None


@pytest.mark.parametrize("begun", ["uWSGI", "spawned uWSGI worker 2"])
def test_uwsgi_that_is_told_to_end_while_it_starts_ends(checkout: Checkout, begun: str) -> None:
    """The master used to wait for ever for a worker that ignored HUP while it loaded the application."""
    application = checkout.root / "proj/wsgi.py"
    application.write_text("import time\ntime.sleep(1)\n" + application.read_text())
    checkout.start("web.sh")
    uwsgi = checkout.started[-1]
    wait_for(lambda: begun in checkout.log("web.sh"), what=begun)

    uwsgi.terminate()

    assert uwsgi.wait(20) == 0


def test_a_killed_uwsgi_takes_its_workers_along(web: Checkout) -> None:

    worker = takeover.Process.of(json.loads(get(web)[2])["pid"])
    assert worker
    uwsgi = web.started[-1]
    uwsgi.kill()
    uwsgi.wait(10)

    wait_for(lambda: not worker.alive(), what="the workers' end")
