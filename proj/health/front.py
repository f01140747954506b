"""The front door, as a browser finds it: a page, a file, a WebSocket handshake, and a message there and back."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.contrib.auth.hashers import make_password
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from proj.accounts.models import User
from proj.accounts.sessions import session_for
from proj.env import Settings, whole
from proj.health.report import Seen, Walk, green, red

PATIENCE = 5.0  # seconds for one answer
DOCTOR = "doctor"  # the name of the person and of the room


def _door() -> tuple[str, int]:
    """The address and port that nginx listens on, as this host reaches it."""
    read = Settings(settings.VAR / "signalbox.env").read
    bind = read("SIGNALBOX_BIND", "127.0.0.1", str).strip("[]")
    port = read("SIGNALBOX_PORT", "8080", whole(1, 65535))
    return {"0.0.0.0": "127.0.0.1", "*": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(bind, bind), port  # noqa: S104


def _get(path: str) -> tuple[int, bytes]:
    """Ask nginx for `path` under the main address; the answer's status and body."""
    host, port = _door()
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Host": urlsplit(settings.ADDRESSES[0]).netloc})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _nobody_listens(error: OSError) -> Seen:
    host, port = _door()
    return red(
        f"nothing answers at {host}:{port}: {error}", "Run: supervisorctl status nginx; supervisorctl tail nginx stderr"
    )


def page_served(_: Walk) -> Iterator[Seen]:
    """A page through nginx and uwsgi."""
    try:
        status, body = _get("/sign-in/")
    except (OSError, http.client.HTTPException) as error:
        yield _nobody_listens(OSError(str(error) or type(error).__name__))
        return
    if status == 200:
        yield green(f"/sign-in/ is {len(body)} bytes")
    elif status in (502, 503, 504):
        yield red(f"/sign-in/ answers {status}: nginx does not reach uwsgi", "Run: supervisorctl tail web stderr")
    else:
        yield red(
            f"/sign-in/ answers {status}",
            "Compare SIGNALBOX_URLS with the address people use; then see: supervisorctl tail web stderr",
        )


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
        yield red(f"{name} answers {status} with {len(body)} bytes", f"See that nginx may read {settings.STATIC_ROOT}.")


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
    host, port = _door()
    main = urlsplit(settings.ADDRESSES[0])
    address = f"ws://{main.netloc}/ws/chat/{quote(_room_of(doctor), safe='')}/"
    with session_for(doctor, seconds=60) as key, socket.create_connection((host, port), PATIENCE) as sock:
        with connect(
            address,
            sock=sock,
            origin=Origin(origin),
            subprotocols=[Subprotocol("signalbox.v1")],
            additional_headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}"},
            proxy=None,
            open_timeout=PATIENCE,
            close_timeout=1,
        ) as connection:
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
        yield red(f"the handshake was answered {status}", _why_refused(status))
        return
    except (OSError, InvalidHandshake, ConnectionClosed) as error:
        yield red(f"no WebSocket: {error}", "Run: supervisorctl status; supervisorctl tail nginx stderr")
        return
    if first.get("type") == "welcome":
        yield green(f"{settings.ADDRESSES[0]} is welcome")
    else:
        yield red(f"instead of a welcome came {first}", "Run: supervisorctl tail interface:interface_0 stderr")


def _why_refused(status: int) -> str:
    if status in (502, 503, 504):
        return "nginx does not reach the interface processes: supervisorctl tail interface:interface_0 stderr"
    return "See SIGNALBOX_URLS, and: supervisorctl tail interface:interface_0 stderr"


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
            yield red(f"another origin gets {status}, not 403", _why_refused(status))


def message_travels(walk: Walk) -> Iterator[Seen]:
    """A message to the hidden room and back: socket, layer, worker, database, layer, socket."""
    advice = "Run: supervisorctl tail worker-chat stderr; supervisorctl tail interface:interface_0 stderr"
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
