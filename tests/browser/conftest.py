"""Real Chromium against the whole stack, with signed-in people."""

import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, expect, sync_playwright

from tests.browser.network import Network
from tests.browser.room import RoomPage
from tests.system.stack import Stack

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Console messages of a browser without a network, or for a request that the server refuses. Any other error is a fault
# of the page.
ANSWERED = "Failed to load resource: the server responded with a status of"
REFUSED = tuple(f"{ANSWERED} {status}" for status in (403, 409, 429))
NO_ROOM = re.compile(r"https?://[^/]+/chat/[^/]+/")  # a page that asks whether to make the room
EXPECTED = ("WebSocket connection to", "Failed to load resource: net::", *REFUSED)

People = Callable[..., Page]
InRoom = Callable[[str], None]
Rooms = Callable[..., RoomPage]

expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


# Not for the session: while it runs there is an event loop in this thread, and asynchronous tests want their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert program, "the tests need Chromium: ./tests/run installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network()
    yield network
    network.close()


@pytest.fixture
def visit(stack: Stack, browser: Browser) -> Iterator[Callable[..., Page]]:
    """`visit("alice", **options of the context)`: an empty page in a browser of their own; None is nobody."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def new(name: str | None = None, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        if name:
            cookie, _, value = stack.sign_in(name).partition("=")
            context.add_cookies([{"name": cookie, "value": value, "url": stack.url}])
        context.on("page", lambda page: _watch(page, faults))
        return context.new_page()

    yield new
    for context in contexts:
        context.close()
    assert not faults, f"pages complained: {faults}"


def _watch(page: Page, faults: list[str]) -> None:
    page.on("pageerror", lambda error: faults.append(str(error)))

    def asked(dialog: Dialog) -> None:
        faults.append(dialog.message)
        dialog.dismiss()

    def told(message: ConsoleMessage) -> None:
        asks = NO_ROOM.fullmatch(message.location["url"]) and message.text.startswith(f"{ANSWERED} 404")
        if message.type == "error" and not message.text.startswith(EXPECTED) and not asks:
            faults.append(message.text)

    page.on("dialog", asked)
    page.on("console", told)


@pytest.fixture
def room_name() -> str:
    """A room of the test's own, with a name that has to be encoded everywhere."""
    return f"运维 чат #1 {uuid.uuid4().hex[:6]}"


@pytest.fixture
def enter(stack: Stack, visit: People, room_name: str) -> Rooms:
    """`enter("alice")`: alice's page in the test's room, live."""

    def new(name: str, **options: Any) -> RoomPage:
        return RoomPage(visit(name, **options), stack.url, room_name).open()

    return new


@pytest.fixture
def in_room(stack: Stack, room_name: str) -> InRoom:
    """Run Python against the stack's database, with `room`, `alice` and `bob` at hand."""

    def run(code: str) -> None:
        stack.sign_in_all(["alice", "bob"])
        stack.manage("shell", "-c", PROLOGUE.format(name=room_name) + code)

    return run


PROLOGUE = """
import uuid
from proj.accounts.models import User
from proj.rooms.log import writing
from proj.rooms.log.commands import Command
from proj.rooms.models import Room
alice, bob = (User.objects.get(username=name) for name in ("alice", "bob"))
room = Room.visit(alice, {name!r})

def post(author, texts):
    return writing.write_and_publish([Command("post", room.pk, author.pk, str(uuid.uuid4()), text) for text in texts])

"""
