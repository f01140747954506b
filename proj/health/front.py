"""The front door, as a browser finds it: a page, a file, a WebSocket handshake, and a message there and back."""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from django.conf import settings
from django.contrib.auth.hashers import make_password
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from proj.accounts.models import User
from proj.accounts.sessions import session_for
from proj.env import Settings, whole
from proj.health.report import Seen, Walk, green, red

PATIENCE = 5.0  # seconds for one answer
INTERFACE = "interface:interface_0"  # as supervisorctl names the first of them
DOCTOR = "doctor"  # the name of the person and of the room


@dataclass(frozen=True, slots=True)
class Door:
    """Where nginx listens, as this host reaches it, and whether it speaks TLS itself."""

    host: str
    port: int
    tls: bool

    @classmethod
    def read(cls) -> "Door":
        setting = Settings(settings.VAR / "signalbox.env").read
        bind = setting("SIGNALBOX_BIND", "127.0.0.1", str)
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104 - nothing is bound here
        port = setting("SIGNALBOX_PORT", "8080", whole(1, 65535))
        return cls(here, port, bool(setting("SIGNALBOX_TLS_CERTIFICATE", "", str)))

    def open(self) -> socket.socket:
        """A connection. The certificate is not judged: it is for the name people use, which this does not go by."""
        plain = socket.create_connection((self.host, self.port), PATIENCE)
        if not self.tls:
            return plain
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(plain, server_hostname=_main().hostname)


def _main() -> SplitResult:
    return urlsplit(settings.ADDRESSES[0])


def _headers() -> dict[str, str]:
    """As a proxy before nginx sends it; it counts only where SIGNALBOX_TRUSTED_PROXIES names this host."""
    return {"X-Forwarded-Proto": _main().scheme}


def _get(path: str) -> tuple[int, bytes]:
    """Ask nginx for `path` under the main address; the answer's status and body."""
    door = Door.read()
    connection = http.client.HTTPConnection(door.host, door.port, timeout=PATIENCE)
    with closing(connection):
        connection.sock = door.open()
        connection.request("GET", path, headers={"Host": _main().netloc, **_headers()})
        response = connection.getresponse()
        return response.status, response.read()


def _why(status: int, program: str) -> str:
    """What to do about an answer's status."""
    tail = f"supervisorctl tail {program}"
    if status in (502, 503, 504):
        return f"nginx does not reach {program}. Run: {tail}"
    if status in (301, 302, 308):
        return f"nginx takes this for http: name {Door.read().host} in SIGNALBOX_TRUSTED_PROXIES, as the proxy's host."
    return f"Compare SIGNALBOX_URLS with the address that people use; then run: {tail}"


def page_served(_: Walk) -> Iterator[Seen]:
    """A page through nginx and uwsgi."""
    try:
        status, body = _get("/sign-in/")
    except (OSError, http.client.HTTPException) as error:
        door = Door.read()
        said = f"nothing answers at {door.host}:{door.port}: {error or type(error).__name__}"
        yield red(said, "Run: supervisorctl status nginx; supervisorctl tail nginx stderr")
        return
    if status == 200:
        yield green(f"/sign-in/ is {len(body)} bytes")
    else:
        yield red(f"/sign-in/ answers {status}", _why(status, "web"))


def file_served(_: Walk) -> Iterator[Seen]:
    """A static file from disk, by the name that pages use."""
    collected = json.loads((settings.STATIC_ROOT / "staticfiles.json").read_text())["paths"]
    name = min((found for found in collected.values() if found.endswith((".js", ".css"))), default=None)
    if name is None:
        yield red("no file was collected", "Run: manage.py collectstatic --noinput")
        return
    status, body = _get(settings.STATIC_URL + quote(name))
    if status == 200 and len(body) == (settings.STATIC_ROOT / name).stat().st_size:
        yield green(f"{name} is {len(body)} bytes")
    else:
        unreadable = f"See that nginx may read {settings.STATIC_ROOT}."
        advice = unreadable if status in (200, 403, 404) else _why(status, "nginx")
        yield red(f"{name} answers {status} with {len(body)} bytes", advice)


def _doctor() -> User:
    return User.objects.get_or_create(username=DOCTOR, defaults={"password": make_password(None)})[0]


def _room_of(doctor: User) -> str:
    """The name of the doctor's own hidden room, made when it is not there."""
    from proj.rooms.models import Membership, Room

    mine = Room.objects.filter(hidden=True, memberships__user=doctor).first()
    if mine is None:
        # Somebody may have opened a room of that name for themselves.
        taken = Room.objects.filter(key=DOCTOR).exists()
        name = f"{DOCTOR} {doctor.pk}-{int(time.time())}" if taken else DOCTOR
        mine = Room.objects.create(name=name, hidden=True, members_only=True)
        Membership.objects.create(room=mine, user=doctor)
    return mine.name


@contextmanager
def _visit(origin: str) -> Iterator[ClientConnection]:
    """A WebSocket to the doctor's room, through nginx, signed in, from a page of `origin`."""
    doctor = _doctor()
    address = f"ws://{_main().netloc}/ws/chat/{quote(_room_of(doctor), safe='')}/"
    with (
        session_for(doctor, seconds=60) as key,
        Door.read().open() as sock,
        connect(
            address,
            sock=sock,
            origin=Origin(origin),
            subprotocols=[Subprotocol("signalbox.v1")],
            additional_headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}", **_headers()},
            proxy=None,
            open_timeout=PATIENCE,
            close_timeout=1,
        ) as connection,
    ):
        yield connection


def handshake_accepted(_: Walk) -> Iterator[Seen]:
    """A browser on one of our pages gets its socket."""
    if not _doctor().is_active:
        yield red("the person doctor is deactivated", "Activate doctor at /admin/: messages are tried in their name.")
        return
    try:
        with _visit(settings.ADDRESSES[0]) as connection:
            first = _next(connection)
    except InvalidStatus as error:
        status = error.response.status_code
        yield red(f"the handshake was answered {status}", _why(status, INTERFACE))
        return
    except (OSError, WebSocketException) as error:
        yield red(f"no WebSocket: {error}", "Run: supervisorctl status; supervisorctl tail nginx stderr")
        return
    if first.get("type") == "welcome":
        yield green(f"{settings.ADDRESSES[0]} is welcome")
    else:
        yield red(f"instead of a welcome came {first}", "Run: supervisorctl tail interface:interface_0")


def stranger_refused(_: Walk) -> Iterator[Seen]:
    """A page of somebody else's gets none: it would act in the name of whoever looks at it."""
    origin = "http://somewhere-else.invalid"
    try:
        with _visit(origin):
            yield red(
                f"a page of {origin} got a socket", "Origins are not checked: see SIGNALBOX_URLS and proj/asgi.py."
            )
    except InvalidStatus as error:
        status = error.response.status_code
        if status == 403:
            yield green("another origin gets 403")
        else:
            yield red(f"another origin gets {status}, not 403", _why(status, INTERFACE))


def message_travels(walk: Walk) -> Iterator[Seen]:
    """A message to the hidden room and back: socket, layer, worker, database, layer, socket."""
    advice = "Run: supervisorctl tail worker-chat; supervisorctl tail interface:interface_0"
    with _visit(settings.ADDRESSES[0]) as connection:
        _next(connection)  # welcome
        since = time.perf_counter()
        text = f"The doctor was here at {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC."
        connection.send(json.dumps({"type": "post", "message": text, "client_id": walk.client_id}))
        try:
            while (frame := _next(connection)).get("client_id") != walk.client_id:
                pass
        except TimeoutError:
            yield red(f"a message was not acknowledged within {PATIENCE:.0f} s", advice)
            return
        took = (time.perf_counter() - since) * 1000
    if frame["type"] == "error":
        yield red(f"a message was answered {frame.get('code')}: {frame.get('detail')}", advice)
    else:
        yield green(f"stored and back as event {frame.get('seq')} in {took:.1f} ms")


def _next(connection: ClientConnection) -> dict[str, Any]:
    """The next frame. Raises TimeoutError when none comes in time."""
    frame: dict[str, Any] = json.loads(connection.recv(timeout=PATIENCE))
    return frame
