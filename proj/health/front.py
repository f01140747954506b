"""The front door as a browser finds it: a page, a file, a WebSocket handshake, and a message there and back."""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import msgspec
from django.conf import settings
from django.contrib.auth.hashers import make_password
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from proj.accounts.models import User
from proj.accounts.sessions import session_for
from proj.addresses import Address, with_port
from proj.env import Settings, bind_address, whole
from proj.health.report import Observation, Walk, green, red
from proj.health.supervision import show_log
from proj.rooms.models import Membership, Room

ANSWER_TIMEOUT_SECONDS = 5.0
SESSION_SECONDS = 60  # the lifetime of the doctor's session
INTERFACE = "interface:interface_0"  # the first interface process, as supervisorctl names it
DOCTOR = "doctor"  # the name of the doctor's user and of its hidden room


class ReceivedFrame(msgspec.Struct, frozen=True):
    """The fields of the server's frames that the doctor reads (docs/protocol.md)."""

    type: str
    client_id: str | None = None
    seq: int | None = None
    code: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """The address at which this host reaches nginx, and whether nginx speaks TLS itself."""

    host: str
    port: int
    tls: bool

    @classmethod
    def read(cls) -> "Door":
        setting = Settings(settings.VAR / "signalbox.env").read
        bind = setting("SIGNALBOX_BIND", "127.0.0.1", bind_address)
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104 - nothing is bound here
        port = setting("SIGNALBOX_PORT", "8080", whole(1, 65535))
        return cls(here, port, bool(setting("SIGNALBOX_TLS_CERTIFICATE", "", str)))

    def open(self) -> socket.socket:
        """Return a connection. The certificate is not verified: it is for the public name, not for this address."""
        plain = socket.create_connection((self.host, self.port), ANSWER_TIMEOUT_SECONDS)
        if not self.tls:
            return plain
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(plain, server_hostname=_main().host.strip("[]"))


def _main() -> Address:
    return Address.parse(settings.ADDRESSES[0])


def _headers() -> dict[str, str]:
    """Return the header of a proxy before nginx; it counts only if SIGNALBOX_TRUSTED_PROXIES names this host."""
    return {"X-Forwarded-Proto": _main().scheme}


def _get(path: str) -> tuple[int, bytes]:
    """Request `path` from nginx under the main address; return the answer's status and body."""
    door = Door.read()
    connection = http.client.HTTPConnection(door.host, door.port, timeout=ANSWER_TIMEOUT_SECONDS)
    with closing(connection):
        connection.sock = door.open()
        connection.request("GET", path, headers={"Host": _main().authority, **_headers()})
        response = connection.getresponse()
        return response.status, response.read()


def _advice(status: int, program: str) -> str:
    """Return the remedy for an answer with this status."""
    tail = show_log(program)
    if status in (502, 503, 504):
        return f"nginx does not reach {program}. Run: {tail}"
    if status in (301, 302, 308):
        return f"nginx takes this for http: list {Door.read().host} in SIGNALBOX_TRUSTED_PROXIES, as the proxy's host."
    return f"Compare SIGNALBOX_URLS with the address that people use; then run: {tail}"


def page_served(_: Walk) -> Iterator[Observation]:
    """Request a page through nginx and uwsgi."""
    try:
        status, body = _get("/sign-in/")
    except (OSError, http.client.HTTPException) as error:
        door = Door.read()
        saw = f"nothing answers at {with_port(door.host, door.port)}: {error or type(error).__name__}"
        yield red(saw, f"Run: supervisorctl status nginx; {show_log('nginx')}")
        return
    if status == 200:
        yield green(f"/sign-in/ is {len(body)} bytes")
    else:
        yield red(f"/sign-in/ answers {status}", _advice(status, "web"))


def file_served(_: Walk) -> Iterator[Observation]:
    """Request a static file by the name that pages use, and compare its size with the file on disk."""
    collected = json.loads((settings.STATIC_ROOT / "staticfiles.json").read_text())["paths"]
    name = min((found for found in collected.values() if found.endswith((".js", ".css"))), default=None)
    if name is None:
        yield red("no file was collected", "Run: manage.py collectstatic --noinput")
        return
    status, body = _get(settings.STATIC_URL + quote(name))
    if status == 200 and len(body) == (settings.STATIC_ROOT / name).stat().st_size:
        yield green(f"{name} is {len(body)} bytes")
    else:
        unreadable = f"Check that nginx may read {settings.STATIC_ROOT}."
        advice = unreadable if status in (200, 403, 404) else _advice(status, "nginx")
        yield red(f"{name} answers {status} with {len(body)} bytes", advice)


def _doctor() -> User:
    return User.objects.get_or_create(username=DOCTOR, defaults={"password": make_password(None)})[0]


def _room_of(doctor: User) -> str:
    """Return the name of the doctor's own hidden room; create the room if it is missing."""
    mine = Room.objects.filter(hidden=True, memberships__user=doctor).first()
    if mine is None:
        # A person may have opened a room of that name already.
        taken = Room.objects.filter(key=DOCTOR).exists()
        name = f"{DOCTOR} {doctor.pk}-{int(time.time())}" if taken else DOCTOR
        mine = Room.objects.create(name=name, hidden=True, members_only=True)
        Membership.objects.create(room=mine, user=doctor)
    return mine.name


@contextmanager
def _visit(origin: str) -> Iterator[ClientConnection]:
    """Yield a signed-in WebSocket to the doctor's room, through nginx, from a page of `origin`."""
    doctor = _doctor()
    address = f"ws://{_main().authority}/ws/chat/{quote(_room_of(doctor), safe='')}/"
    with (
        session_for(doctor, SESSION_SECONDS) as key,
        Door.read().open() as sock,
        connect(
            address,
            sock=sock,
            origin=Origin(origin),
            subprotocols=[Subprotocol("signalbox.v1")],
            additional_headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}", **_headers()},
            proxy=None,
            open_timeout=ANSWER_TIMEOUT_SECONDS,
            close_timeout=1,
        ) as connection,
    ):
        yield connection


def handshake_accepted(_: Walk) -> Iterator[Observation]:
    """Open a socket as a browser on one of our pages does."""
    if not _doctor().is_active:
        yield red("the user doctor is deactivated", "Activate doctor at /admin/: it is the author of the test message.")
        return
    try:
        with _visit(settings.ADDRESSES[0]) as connection:
            first = _next(connection)
    except InvalidStatus as error:
        status = error.response.status_code
        yield red(f"the handshake is answered with {status}", _advice(status, INTERFACE))
        return
    except (OSError, WebSocketException) as error:
        yield red(f"could not open a WebSocket: {error}", f"Run: supervisorctl status; {show_log('nginx')}")
        return
    if first.type == "welcome":
        yield green(f"a page of {settings.ADDRESSES[0]} is welcome")
    else:
        yield red(f"the first frame is no welcome: {first}", f"Run: {show_log(INTERFACE)}")


def stranger_refused(_: Walk) -> Iterator[Observation]:
    """Check that a page of another origin gets no socket: it would act in the name of its reader."""
    origin = "http://somewhere-else.invalid"
    try:
        with _visit(origin):
            advice = "Origins are not checked: see from_allowed_origin() in consumers/sockets/door.py."
            yield red(f"a page of {origin} got a socket", advice)
    except InvalidStatus as error:
        status = error.response.status_code
        if status == 403:
            yield green("another origin gets 403")
        else:
            yield red(f"another origin gets {status}, not 403", _advice(status, INTERFACE))


def message_travels(walk: Walk) -> Iterator[Observation]:
    """Post a message to the hidden room and await its event: socket, layer, worker, database, layer, socket."""
    advice = f"Run: {show_log('worker-chat')}; {show_log(INTERFACE)}"
    with _visit(settings.ADDRESSES[0]) as connection:
        _next(connection)  # welcome
        since = time.perf_counter()
        text = f"The doctor was here at {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC."
        connection.send(json.dumps({"type": "post", "message": text, "client_id": walk.client_id}))
        try:
            while (frame := _next(connection)).client_id != walk.client_id:
                pass
        except TimeoutError:
            yield red(f"a message was not acknowledged within {ANSWER_TIMEOUT_SECONDS:.0f} s", advice)
            return
        duration_ms = (time.perf_counter() - since) * 1000
    if frame.type == "error":
        yield red(f"a message was answered with {frame.code}: {frame.detail}", advice)
    else:
        yield green(f"stored and returned as event {frame.seq} in {duration_ms:.1f} ms")


def _next(connection: ClientConnection) -> ReceivedFrame:
    """Return the next frame. Raise TimeoutError when there is none within ANSWER_TIMEOUT_SECONDS."""
    return msgspec.json.decode(connection.recv(timeout=ANSWER_TIMEOUT_SECONDS), type=ReceivedFrame)
