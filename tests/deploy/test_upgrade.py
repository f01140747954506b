"""./deploy/up on an installation of an earlier commit: people stay connected, a run goes on, and nothing is lost."""

import asyncio
import gzip
import json
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import pytest
from playwright.async_api import BrowserContext, ConsoleMessage, Page, async_playwright, expect

from tests.browser.conftest import EXPECTED
from tests.system.client import Client
from tests.system.long_page import ARGUMENTS, program
from tests.system.stack import CHECKOUT, Stack
from tests.system.viewer import Viewer, faults

pytestmark = [pytest.mark.system, pytest.mark.timeout(420)]

BEFORE = "5144c132efc68ce95ec6617905807f71e9eca934"  # the last commit before modules moved into packages by subject
ROOM = "upgrade"
PEOPLE = ("alice", "bob", "charlie", "dave")
SERVICE_RESTART = 1012
PRINT = """
import itertools, os, sys, time
for n in itertools.count(1):
    print(f"line {n} ✓", flush=True)
    if os.path.exists(sys.argv[1]):
        break
    time.sleep(0.05)
"""
SERVICES = f"""
[long]
command = ["python3", "-c", {json.dumps(PRINT)}, "{{root}}/enough"]
room = "{ROOM}"
run_by = "everyone"

[silent]
command = ["sh", "-c", "until [ -e {{root}}/enough ]; do sleep 0.2; done; echo done"]

[short]
command = ["echo", "done"]
"""


def git(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["git", *arguments], cwd=CHECKOUT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def installation() -> Iterator[Stack]:
    """A stack of the earlier commit, where the clone has its history."""
    if git("cat-file", "-e", f"{BEFORE}^{{commit}}").returncode:
        pytest.skip(f"this clone has no commit {BEFORE}; in a shallow clone, run: git fetch --unshallow")
    stack = Stack(commit=BEFORE)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


class Posts:
    """Clients that post evenly until the end of the test; `texts` is every text by client_id."""

    def __init__(self, clients: list[Client]) -> None:
        self.clients = clients
        self.texts: dict[str, str] = {}
        self._tasks = [asyncio.ensure_future(self._post(client)) for client in clients]

    async def _post(self, client: Client) -> None:
        while True:
            text = f"message {len(self.texts)}"
            self.texts[await client.post(text)] = text
            await asyncio.sleep(0.5)

    async def pass_on(self, count: int = 12) -> None:
        """Wait until `count` new messages are acknowledged and every client has received them."""
        before = len(self.texts)
        await asyncio.sleep(0.5 * count / len(self.clients))
        posted = list(self.texts)[before:]
        for client in self.clients:
            await client.until(lambda client=client: not client.pending.keys() & set(posted))  # type: ignore[misc]
        head = max(client.acknowledged.get(one, 0) for client in self.clients for one in posted)
        for client in self.clients:
            await client.until(lambda client=client: client.seq >= head)  # type: ignore[misc]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for client in self.clients:
            await client.until(lambda client=client: not client.pending)  # type: ignore[misc]
        head = max(client.seq for client in self.clients)
        for client in self.clients:
            await client.until(lambda client=client: client.seq == head)  # type: ignore[misc]


class Requests:
    """One request after the other for each of `paths`, until the end of the test; `failed` are those without a 200."""

    def __init__(self, stack: Stack, cookie: str, paths: list[str]) -> None:
        self.failed: list[tuple[str, int, str]] = []
        self.answered = 0
        self._stack, self._cookie, self._paths = stack, cookie, paths
        self._task = asyncio.ensure_future(self._repeat())

    async def warm_up(self) -> None:
        """Have every web process render each page: it reads a template once, when it first needs it.

        A process that has not rendered a page before the files change reads the new template with the old code.
        """
        for path in self._paths:
            await asyncio.gather(*(self._ask(path) for _ in range(8)))

    async def _repeat(self) -> None:
        while True:
            for path in self._paths:
                await self._ask(path)
            await asyncio.sleep(0.1)

    async def _ask(self, path: str) -> None:
        status, _, text = await asyncio.to_thread(self._stack.get, path, {"Cookie": self._cookie})
        self.answered += 1
        if status != 200:
            self.failed.append((path, status, text[:200]))

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def browser(stack: Stack, cookie: str, errors: list[str]) -> AsyncIterator[BrowserContext]:
    """Yield a browser of one person; uncaught errors and error lines of the console go to `errors`."""

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", read)

    def read(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED):
            errors.append(message.text)

    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=program(), args=ARGUMENTS)
        context = await running.new_context()
        name, _, value = cookie.partition("=")
        await context.add_cookies([{"name": name, "value": value, "url": stack.url}])
        context.on("page", watch)
        yield context
        await running.close()


async def say(page: Page, text: str) -> None:
    """Post from a room's page, and wait until the message stands in its log."""
    await page.locator("#text").fill(text)
    await page.locator("#text").press("Enter")
    await expect(page.locator("#messages > .message").filter(has_text=text)).to_have_count(1, timeout=60_000)


def archived(stack: Stack, run: str) -> bytes:
    """Return the archived output of a run, once nothing of the output remains outside the archive."""
    rows = stack.select(
        "SELECT file FROM runs_archive WHERE run_id = ? AND NOT EXISTS (SELECT 1 FROM runs_chunk WHERE run_id = ?)",
        *(2 * [UUID(run).hex]),
    )
    return gzip.decompress((stack.root / "var" / "media" / rows[0]["file"]).read_bytes()) if rows else b""


@dataclass
class Visitors:
    """Everything that is connected while the upgrade runs."""

    posts: Posts
    requests: Requests
    viewers: list[Viewer]
    watching: list["asyncio.Task[None]"]

    @classmethod
    async def arrive(cls, stack: Stack, cookies: dict[str, str], run: str) -> Self:
        clients = [Client(stack.url, ROOM, cookie) for cookie in cookies.values()]
        for client in clients:
            await client.until(client.live.is_set)
        paths = [
            "/chat/",
            f"/chat/{ROOM}/",
            f"/chat/{ROOM}/messages/?before=3",
            f"/chat/{ROOM}/settings/",
            "/search/?q=me",
        ]
        paths += [f"/runs/{run}/", f"/runs/{run}/raw/", "/runs/", "/services/", "/services/long/", "/services/names/"]
        paths += ["/settings/", "/password/", "/rooms/new/", "/rooms/side/", "/places/", "/search/?q=me"]
        viewers = [Viewer(stack.url, path, cookies["bob"]) for path in (f"runs/{run}/", f"runs/{run}/", "deploy/long/")]
        return cls(
            Posts(clients),
            Requests(stack, cookies["charlie"], paths),
            viewers,
            [asyncio.ensure_future(viewer.live()) for viewer in viewers],
        )

    async def leave(self) -> None:
        """Wait until every viewer has the whole run, then disconnect all."""
        await self.requests.stop()
        await until(lambda: all(viewer.done for viewer in self.viewers), 30)
        for task in self.watching:
            task.cancel()
        await asyncio.gather(*self.watching, return_exceptions=True)
        for client in self.posts.clients:
            await client.close()


async def pull_and_migrate(stack: Stack) -> None:
    """Do the steps of an upgrade that come before anything is restarted."""
    await asyncio.to_thread(stack.pull)
    await manage(stack, "migrate", "--noinput")


async def test_an_upgrade_loses_nothing_and_disturbs_nobody(installation: Stack) -> None:
    """Old and new processes run side by side in both ways: a new interface with old workers, and the reverse."""
    stack = installation
    services = stack.root / "var" / "services.toml"
    services.write_text(SERVICES.replace("{root}", str(stack.root)))
    await manage(stack, "addroom", ROOM)
    await manage(stack, "loadservices", str(services))
    cookies = await asyncio.to_thread(stack.sign_in_all, PEOPLE)
    long, silent = [await manage(stack, "run", name) for name in ("long", "silent")]
    visitors = await Visitors.arrive(stack, cookies, long)
    posts = visitors.posts
    errors: list[str] = []
    async with browser(stack, cookies["alice"], errors) as context:
        room_page, run_page = await context.new_page(), await context.new_page()
        await room_page.goto(f"{stack.url}/chat/{ROOM}/")
        await run_page.goto(f"{stack.url}/runs/{long}/")
        await say(room_page, "from the page, before")
        await posts.pass_on()
        await visitors.requests.warm_up()
        before = await asyncio.to_thread(stack.pids)

        await pull_and_migrate(stack)
        short = await manage(stack, "run", "short")  # by a new process, for an old worker
        await restart(stack, "interface_0")
        await posts.pass_on()
        await say(room_page, "from the page, with a new interface and an old worker")
        await restart(stack, "worker-chat")
        await posts.pass_on()
        await say(room_page, "from the page, with a new worker and an old interface")
        await asyncio.to_thread(stack.start)
        await posts.pass_on()
        await say(room_page, "from the page, after")
        after = await asyncio.to_thread(stack.pids)
        assert {name for name in before if before[name] == after[name]} <= {"redis", "nginx", "web"}

        await use_lazy_parts(room_page)
        (stack.root / "enough").touch()
        await posts.stop()
        await expect(run_page.locator("#status")).to_have_attribute("data-state", "over", timeout=60_000)
        for page in (room_page, run_page):
            await page.reload()
        await expect(room_page.locator("#status")).to_have_attribute("data-state", "live")
        await expect(room_page.locator("#messages > .message").last).to_contain_text("message")
        runs = (long, silent, short)
        await until(lambda: all(archived(stack, one) for one in runs), 60, lambda: states(stack))
        outputs = {one: archived(stack, one) for one in runs}
    await visitors.leave()

    assert errors == []
    assert visitors.requests.failed == [], stack.log("web")[-4000:]
    assert faults(visitors.viewers, outputs) == []
    for viewer in visitors.viewers:
        assert set(viewer.close_codes) == {SERVICE_RESTART}
    check_room(stack, posts)
    check_runs(stack, outputs)
    assert outputs[silent] == outputs[short] == b"done\n"


def states(stack: Stack) -> list[dict[str, Any]]:
    return stack.select("SELECT id, state, bytes, reason FROM runs_run")


async def use_lazy_parts(page: Page) -> None:
    """Use the parts of a room's page that load when they are wanted, and that ask the server."""
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("option").filter(has_text="Change password")).to_have_count(1)
    await page.keyboard.press("Escape")
    await page.locator("#text").press_sequentially("/run lo")
    await expect(page.get_by_role("option").filter(has_text="long")).to_have_count(1)
    await page.locator("#text").fill("")


def check_room(stack: Stack, posts: Posts) -> None:
    """Every message is stored once, and every client has the room's log, with no closing but for a restart."""
    log = stack.select(
        "SELECT event.seq, client_id, text FROM rooms_event event JOIN rooms_room room ON room.id = room_id "
        "WHERE room.name = ? ORDER BY event.seq",
        ROOM,
    )
    assert [row["seq"] for row in log] == list(range(1, len(log) + 1))
    assert {row["client_id"]: row["text"] for row in log if row["text"].startswith("message ")} == posts.texts
    order = [row["client_id"] for row in log]
    for client in posts.clients:
        assert client.faults == []
        assert {frame["code"] for frame in client.refused} <= {"busy"}  # the client sent those messages again
        assert set(client.close_codes) == {SERVICE_RESTART}
        assert [event["client_id"] for event in client.events] == order[-len(client.events) :]


def check_runs(stack: Stack, outputs: dict[str, bytes]) -> None:
    """Every run has succeeded, and its archive holds as many bytes as it printed."""
    assert {str(UUID(row["id"])): (row["state"], row["bytes"]) for row in states(stack)} == {
        run: ("succeeded", len(output)) for run, output in outputs.items()
    }
    output = max(outputs.values(), key=len).decode()
    assert output == "".join(f"line {n} ✓\n" for n in range(1, output.count("\n") + 1))


async def manage(stack: Stack, *arguments: str) -> str:
    return (await asyncio.to_thread(stack.manage, *arguments)).strip()


async def restart(stack: Stack, *names: str) -> None:
    """Restart programs as an operator does, one after the other."""
    done = await asyncio.to_thread(stack.run, "./deploy/restart", *names)
    assert done.returncode == 0, done.stdout + done.stderr


async def until(condition: Callable[[], object], seconds: float, state: Callable[[], object] = str) -> None:
    """Wait until `condition()` is true; when it is not within `seconds`, fail the test and show `state()`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain: {state()}"
        await asyncio.sleep(0.1)
