"""One side of the benchmark of pages: run in a checkout, it fills a database and serves pages from one process.

`side.py FOLDER` keeps the database and the static files in FOLDER. It reads one JSON array [page, count] a line, and
answers with the CPU of each request in nanoseconds, the queries of one request, and the bytes of its answer. The rows
are the same on both sides.
"""

import gc
import json
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path.cwd()))

PEOPLE, ROOMS, MESSAGES, SERVICES, RUNS, LINES = 200, 30, 200, 50, 1000, 300
ROWS_AT_ONCE = 500
UNREAD_MESSAGES = 5  # in every third room
BEGUN = datetime(2026, 11, 1, tzinfo=UTC)
TEXTS = (
    "The deploy of web1 is done, all checks are green now and the queue is empty again.",
    "can you look at the disks of db2? The backup took twice as long as yesterday",
    "see the runbook, chapter four: restart the workers one by one, and watch the queue meanwhile",
    "ok",
)
RICH_TEXT = "The deploy of **web1** is done, see `journalctl -u web1` for the rest."
RICH_HTML = "<p>The deploy of <strong>web1</strong> is done, see <code>journalctl -u web1</code> for the rest.</p>"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
PAGES = {
    "room": "/chat/room-0/",
    "rooms": "/chat/",
    "search": "/search/?q=deploy",
    "settings": "/settings/",
    "runs": "/runs/",
    "run": f"/runs/{uuid.UUID(int=RUNS)}/",
    "services": "/services/",
    "service": "/services/service-49/",
    "side": "/rooms/side/",
    "sign-in": "/sign-in/",
}
WITHOUT_SESSION = ("sign-in",)


def prepare(folder: Path) -> None:
    """Set up Django on the database and the static files in `folder`."""
    from django.conf import settings

    settings.STATIC_ROOT = folder / "static"
    settings.MEDIA_ROOT = folder / "media"


def fill() -> str:
    """Create all rows and collect the static files. Return the `Cookie` header of a signed-in person."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    people = _people()
    _rooms(people)
    _runs(people)
    return _session(people[0])


def _store(rows: Iterable[Any]) -> None:
    made = list(rows)
    type(made[0]).objects.bulk_create(made, batch_size=ROWS_AT_ONCE)


def _people() -> list[Any]:
    from proj.accounts.models import User

    names = (f"Person {n}" if n % 2 else "" for n in range(PEOPLE))
    _store(User(username=f"person-{n}", display_name=name) for n, name in enumerate(names))
    return list(User.objects.filter(username__startswith="person-").order_by("pk"))


def _rooms(people: list[Any]) -> None:
    from proj.rooms.models import Event, Membership, Room, Seen
    from proj.rooms.search import index

    _store(
        Room(
            name=f"room-{n}", key=f"room-{n}", members_only=n % 3 == 2, owner=people[n], seq=MESSAGES, epoch="11111111"
        )
        for n in range(ROOMS)
    )
    rooms = list(Room.objects.filter(name__startswith="room-").order_by("pk"))
    _store(Membership(room=room, user=person) for room in rooms if room.members_only for person in people[:20])
    _store(
        Seen(room=room, user=person, seq=MESSAGES - UNREAD_MESSAGES * (n % 3 == 1))
        for n, room in enumerate(rooms)
        for person in people[:20]
    )

    def messages(room: Any) -> Iterator[Event]:
        for seq in range(1, MESSAGES + 1):
            rich = seq % 5 == 0
            yield Event(
                room=room,
                seq=seq,
                kind="message.posted",
                author=people[seq // 3 % 20],
                client_id=str(uuid.UUID(int=room.pk * MESSAGES + seq)),
                text=RICH_TEXT if rich else TEXTS[seq % 4],
                html=RICH_HTML if rich else "",
                reactions='{"👍": ["person-1", "person-2"]}' if seq % 10 == 0 else "",
                at=BEGUN + timedelta(minutes=3 * seq),
            )

    _store(event for room in rooms for event in messages(room))
    while index.keep_up():
        pass


def _runs(people: list[Any]) -> None:
    from proj.runs.models import Chunk, Run, Service

    each = RUNS // SERVICES
    _store(
        Service(
            uid=f"service-{n}",
            name=f"Service {n}",
            description="Rolls the newest build out to one host after the other, and waits for the checks of each.",
            command=["echo", "{version}", "{host}"],
            parameters=[{"name": "version", "type": "text"}, {"name": "host", "type": "choice", "choices": ["a", "b"]}],
            run_by="everyone",
            seen_by="everyone",
            last_number=each,
        )
        for n in range(SERVICES)
    )
    services = list(Service.objects.filter(uid__startswith="service-").order_by("pk"))
    states = ("succeeded", "succeeded", "failed", "canceled")
    _store(
        Run(
            id=uuid.UUID(int=n),
            service=services[(n - 1) // each],
            number=(n - 1) % each + 1,
            state=states[n % 4],
            person=people[n % 20],
            parameters={"version": f"1.{n}", "host": "a"},
            command=["echo", f"1.{n}", "a"],
            created_at=BEGUN + timedelta(minutes=n),
            started_at=BEGUN + timedelta(minutes=n, seconds=1),
            ended_at=BEGUN + timedelta(minutes=n, seconds=95),
            exit_code=1 if states[n % 4] == "failed" else 0,
            settled=True,
            bytes=len(_output()) if n == RUNS else 0,
            lines=LINES if n == RUNS else 0,
            chunks=1 if n == RUNS else 0,
        )
        for n in range(1, RUNS + 1)
    )
    Chunk.of(Run.objects.get(pk=uuid.UUID(int=RUNS)), 1, 0, 1, _output()).save()


def _output() -> bytes:
    return b"".join(
        b"2026-11-20 12:00:01 web1 deploy: step %d of %d done in 1.2 s\n" % (n, LINES) for n in range(LINES)
    )


def _session(person: Any) -> str:
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}; csrftoken={'c' * 32}"


class Server:
    """The WSGI application of the checkout, called as uwsgi calls it."""

    def __init__(self, cookie: str) -> None:
        from proj.wsgi import application

        self._application: Any = application
        self._cookie = cookie

    def get(self, page: str) -> tuple[int, int, bytes]:
        """Request a page; return nanoseconds of CPU, the status, and the body."""
        path, _, query = PAGES[page].partition("?")
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "REQUEST_URI": PAGES[page],
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "8080",
            "HTTP_HOST": "localhost:8080",
            "HTTP_ACCEPT": "text/html,application/xhtml+xml,*/*;q=0.8",
            "HTTP_ACCEPT_LANGUAGE": "en-US,en;q=0.9",
            "HTTP_USER_AGENT": AGENT,
            "HTTP_COOKIE": "" if page in WITHOUT_SESSION else self._cookie,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
            "wsgi.errors": sys.stderr,
        }
        answered: list[str] = []

        def start(status: str, *_: Any) -> Any:
            answered.append(status)

        begun = time.process_time_ns()
        response = self._application(environ, start)
        body = b"".join(response)
        response.close()
        return time.process_time_ns() - begun, int(answered[0][:3]), body


def main() -> None:
    folder = Path(sys.argv[1])
    import django

    prepare(folder)
    django.setup()
    cookie = fill()
    (folder / "cookie").write_text(cookie)
    server = Server(cookie)

    from django.db import connection

    answers = sys.stdout
    sys.stdout = sys.stderr
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        page, count = json.loads(line)
        queries: list[str] = []

        def note(execute: Any, sql: str, *rest: Any, queries: list[str] = queries) -> Any:
            queries.append(sql)
            return execute(sql, *rest)

        with connection.execute_wrapper(note):
            _, status, body = server.get(page)
        if "--keep" in sys.argv:
            (folder / f"{page}.html").write_bytes(body)
        gc.collect()
        times = [server.get(page)[0] for _ in range(count)]
        answer = {"status": status, "bytes": len(body), "queries": len(queries), "times": times}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
