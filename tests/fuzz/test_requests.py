"""Mutated requests through every page: none fails, a refused one changes nothing, and the next valid one works."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from proj.accounts.models import User
from proj.rooms.models import Room
from proj.runs import actions
from proj.runs.models import Run, Service
from tests.fuzz.mutation import Mutator

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]

# Fields that pages read, by their names in queries and forms.
FIELDS = {
    "q": "hi",
    "in": "lobby",
    "by": "alice",
    "before": "3",
    "after": "1",
    "from": "1",
    "count": "10",
    "card": "run:1",
    "name": "ops",
    "members_only": "on",
    "room": "lobby",
    "line": "web1 a=b",
    "on": "1",
    "code": "1.abc",
    "who": "bob",
    "username": "bob",
    "password": "bob's long passphrase",
    "next": "/chat/",
    "theme": "dark",
    "clock": "24",
    "notify": "all",
    "language": "ru",
    "display_name": "Bob",
    "keep_days": "3",
    "keep_messages": "10",
    "days": "7",
    "token": "abc",
    "current": "/chat/lobby/",
    "state": "failed",
    "service": "web1",
    "person": "alice",
    "page": "2",
}
HEADERS = {
    "Accept-Language": "ru,en;q=0.5",
    "Content-Type": "application/x-www-form-urlencoded",
    "Cookie": "theme=dark",
    "Origin": "http://127.0.0.1:8080",
    "Referer": "http://127.0.0.1:8080/chat/",
    "Accept-Encoding": "gzip",
    "If-None-Match": '"a"',
    "Range": "bytes=0-10",
    "X-Requested-With": "fetch",
    "Authorization": "Bearer x",
}
TYPES = [
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "application/json",
    "",
]
CSRF_TOKEN = "a" * 32
METHODS = [*["GET"] * 8, *["POST"] * 7, "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"]
# These rows count requests and sessions, and are written by refusals too.
NOT_COUNTED = {
    "sessions.Session",
    "axes.AccessAttempt",
    "axes.AccessLog",
    "axes.AccessFailureLog",
    "accounts.SessionRecord",
}


def addresses(patterns: list[URLPattern | URLResolver] | None = None, before: str = "/") -> Iterator[str]:
    """Yield the route of every page of ours, with <parameters>."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif not route.startswith("/admin/"):  # these pages are Django's own
            yield route


def rows() -> dict[str, int]:
    """Return the number of rows of each table that a refused request leaves alone."""
    models = [model for model in apps.get_models() if model._meta.managed and model._meta.label not in NOT_COUNTED]
    counts = " UNION ALL ".join(f"SELECT '{m._meta.label}', COUNT(*) FROM {m._meta.db_table}" for m in models)  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(counts)
        return dict(cursor.fetchall())


class Browser:
    """Sends mutated requests of one signed-in person."""

    def __init__(self, person: User, run: Run, seed: int) -> None:
        self.mutator = Mutator(seed)
        self.random = self.mutator.random
        self.person = person
        self.routes = sorted(addresses())
        self.parts = {"name": "lobby", "who": "bob", "uid": "web1", "id": str(run.pk), "seq": "2", "number": "1"}
        self.client = Client(enforce_csrf_checks=True)

    def path(self) -> bytes:
        """Return the path of a page, its parameters filled, and often mutated."""
        path = self.random.choice(self.routes)
        while "<" in path:
            head, _, tail = path.partition("<")
            parameter, _, tail = tail.partition(">")
            path = head + self.parts.get(parameter.rpartition(":")[2], "1") + tail
        if self.random.random() < 0.3:
            path = self.mutator.text(path)
        sent = path.encode("utf-8", "surrogatepass")
        return self.mutator.bytes(sent) if self.random.random() < 0.2 else sent

    def body(self) -> tuple[bytes, str]:
        """Return a body and its type."""
        chosen = {name: FIELDS[name] for name in self.random.sample(sorted(FIELDS), self.random.randint(0, 6))}
        fields = self.mutator.fields(chosen, list(FIELDS))
        kind = self.random.choice(TYPES)
        if kind == "application/json":
            text = json.dumps(fields)
        elif kind.startswith("multipart"):
            text = "".join(
                f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()
            )
            text += "--b--\r\n"
        else:
            text = urlencode({str(n): str(v) for n, v in fields.items()}, errors="surrogatepass")
        data = text.encode("utf-8", "surrogatepass")
        return (self.mutator.bytes(data) if self.random.random() < 0.2 else data), kind

    def sign_in(self) -> None:
        """Sign in where a request has signed the person out. The token counts only while the session is the same."""
        if "_auth_user_id" not in self.client.session:
            self.client.force_login(self.person)
        self.client.cookies[settings.CSRF_COOKIE_NAME] = CSRF_TOKEN

    def send(self) -> tuple[str, Any]:
        """Send a request; return its description and the answer. Exceptions of views are raised."""
        method = self.random.choice(METHODS)
        path, (body, kind) = self.path(), self.body()
        query, _ = self.body()
        environ = {"PATH_INFO": path.decode("latin-1"), "QUERY_STRING": query.decode("latin-1")}
        environ["HTTP_X_CSRFTOKEN"] = CSRF_TOKEN
        for name in self.random.sample(sorted(HEADERS), self.random.randint(0, 2)):
            if name == "Cookie":
                continue  # the client writes its own
            value = self.mutator.text(HEADERS[name]).encode("utf-8", "surrogatepass").decode("latin-1")
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        if method in ("GET", "HEAD"):
            body = b""
        answer = self.client.generic(method, "/", body, kind, **environ)  # type: ignore[arg-type]
        return f"{method} {path!r}?{query[:200]!r} {kind} {body[:300]!r}", answer


def fuzz(person: User, *, seed: int, requests: int) -> None:
    service = Service.objects.create(uid="web1", name="web1", command=["true"], run_by="everyone")
    room = Room.objects.create(name="lobby", owner=person)
    for number in range(4):
        room.post(person, f"message {number}")
    browser = Browser(person, actions.start(service, person, {}), seed)
    statuses: dict[int, int] = {}
    for number in range(requests):
        browser.sign_in()
        before = rows()
        sent, answer = browser.send()
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, f"seed {seed}, request {number}: {answer.status_code} for {sent}"
        if answer.status_code >= 400:
            assert rows() == before, f"seed {seed}, request {number}: refused, and stored: {sent}"
            if answer.content and answer.headers.get("Content-Type", "").startswith("application/json"):
                assert answer.json()["code"], sent
        if number % 100 == 0:
            assert browser.client.get("/settings/").status_code in (200, 302)
    client = Client()
    client.force_login(User.objects.create_user("dora"))
    assert client.get("/chat/").status_code == 200
    assert statuses.get(200, 0) > requests / 10, statuses


@pytest.mark.parametrize("admin", [False, True], ids=["person", "administrator"])
def test_five_hundred_mutated_requests_are_refused_or_done(alice: User, bob: User, admin: bool) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=admin, is_superuser=admin)
    alice.refresh_from_db()
    fuzz(alice, seed=1 + admin, requests=500)


@pytest.mark.by_hand
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 120))
def test_many_mutated_requests_by_hand(alice: User, bob: User, seed: int) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=seed % 2, is_superuser=seed % 2)
    alice.refresh_from_db()
    fuzz(alice, seed=seed, requests=2_000)
