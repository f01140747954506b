"""`.venv/bin/python -m tests.screenshots [--all DIR | --compare DIR DIR]`: take pictures, from a stack of its own.

Without arguments the pictures of docs/images/ are made again. With `--all` every main page is taken wide and narrow,
light and dark, always with the same content and times, so that `--compare` finds each page on which two checkouts
differ.
"""

import argparse
import base64
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.room import RoomPage
from tests.system.stack import Stack

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
ROOM = "ops"
NAMES = ("alice", "bob", "charlie")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-partial-raster"]
NOON = "2026-03-02T12:00:00+00:00"  # the moment that pages show as now, with --all
STORY = r"""
from datetime import datetime, timedelta
from django.utils import timezone
from proj.accounts.models import User
from proj.rooms import managing
from proj.rooms.models import Event, Room
alice, bob, charlie = (User.objects.get(username=name) for name in ("alice", "bob", "charlie"))
alice.call("Alice Liddell")
charlie.call("Charlie Bucket")
room = Room.visit(alice, "ops")
talk = [
    (alice, 1500, "Release **2.14** goes out tonight at 22:00 UTC. Runbook: https://wiki.example.org/release"),
    (bob, 1490, "I watch the database."),
    (charlie, 62, "Disk on `db2` is at 91 %, slowly growing since noon"),
    (charlie, 61, "```sh\n$ df -h /var/lib/pgsql\nFilesystem      Size  Used Avail Use% Mounted on\n"
        "/dev/sdb1       200G  182G   18G  \x1b[31m91%\x1b[0m /var/lib/pgsql\n```"),
    (bob, 40, "> Disk on `db2` is at 91 %\n\nOld WAL: the replica was away for an hour. It catches up."),
    (alice, 12, "@charlie fine now?"),
    (charlie, 9, "74 % and falling :tada:"),
    (alice, 3, "Then we start. What is left:\n\n1. drain `web1`\n2. deploy\n3. look at the error rate\n4. the others"),
    (bob, 2, "Ready."),
]
now = datetime.fromisoformat(NOON) if NOON else timezone.now()
numbers = []
for person, minutes, text in talk:
    seq = room.post(person, text).seq
    numbers.append(seq)
    Event.objects.filter(room=room, seq=seq).update(at=now - timedelta(minutes=minutes))
room.react(alice, numbers[6], "\U0001f389")
room.react(bob, numbers[6], "\U0001f389")
room.react(bob, numbers[7], "\u2705")
for name in ("deploys", "lobby", "运维"):
    other = Room.visit(bob, name)
    other.post(bob, "hello")
room.mark_seen(alice, 20)
Room.visit(alice, "lobby").mark_seen(alice, 1)
closed = managing.create(alice, "database team", members_only=True)
closed.add_member(charlie, alice)
closed.mark_seen(alice, 2)
"""
SERVICES = """
[web]
name = "Roll web out"
description = "Unpacks an archive and switches to it. Harmless to repeat."
command = ["python3", "-u", "tests/browser/deploy.py", "{{version}}"]
directory = "{root}"
parameters = [{{ name = "version", required = true, pattern = '[0-9.]+', help = "the release" }}]
room = "deploys"
run_by = "everyone"

[check]
name = "Check the database"
command = ["sh", "-c", "echo connecting; echo 'no route to host' >&2; exit 3"]
room = "deploys"
run_by = "everyone"
"""
# Times of everything that has happened, in the order of their numbers: one minute after the other, up to noon.
TIMES = r"""
from django.db.models import F
from proj.runs.models import Run
for number, run in enumerate(Run.objects.order_by("created_at")):
    begun = now - timedelta(minutes=30 - number)
    times = {"created_at": begun, "claimed_at": begun, "started_at": begun, "ended_at": begun + timedelta(seconds=42)}
    Run.objects.filter(pk=run.pk).update(**times)
for event in Event.objects.exclude(room=room):
    Event.objects.filter(pk=event.pk).update(at=now - timedelta(minutes=90 - event.seq))
for event in Event.objects.filter(room=room).exclude(seq__in=numbers):
    Event.objects.filter(pk=event.pk).update(at=now - timedelta(minutes=1))
"""
# Counts the pixels in which a channel differs by more than anti-aliasing does from one run to the next.
COMPARE = """async ([before, after]) => {
    const pixels = async (data) => {
        const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
        const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
        context.drawImage(image, 0, 0);
        return context.getImageData(0, 0, image.width, image.height);
    };
    const [a, b] = [await pixels(before), await pixels(after)];
    if (a.width !== b.width || a.height !== b.height) return -1;
    let count = 0;
    for (let at = 0; at < a.data.length; at += 4)
        if ([0, 1, 2].some((channel) => Math.abs(a.data[at + channel] - b.data[at + channel]) > 8)) count += 1;
    return count;
}"""


@contextmanager
def signed_in(browser: Browser, stack: Stack, name: str, **options: Any) -> Iterator[BrowserContext]:
    """Yield a browser context with a session of this person."""
    context = browser.new_context(timezone_id="UTC", **options)
    cookie, _, value = stack.sign_in(name).partition("=")
    context.add_cookies([{"name": cookie, "value": value, "url": stack.url}])
    yield context
    context.close()


@contextmanager
def person(browser: Browser, stack: Stack, name: str, **options: Any) -> Iterator[Page]:
    """Yield a page with a session of this person."""
    with signed_in(browser, stack, name, **options) as context:
        yield context.new_page()


# The pictures of the documents


def room_pictures(browser: Browser, stack: Stack) -> None:
    """Take the room: wide by day and by night, on a phone, and without a connection."""
    with person(browser, stack, "bob") as bob, person(browser, stack, "charlie") as charlie:
        for other in (bob, charlie):
            RoomPage(other, stack.url, ROOM).open()
        for name, size, scheme in (
            ("room-light", WIDE, "light"),
            ("room-dark", WIDE, "dark"),
            ("phone", PHONE, "light"),
        ):
            with person(browser, stack, "alice", viewport=size, color_scheme=scheme) as page:
                room = RoomPage(page, stack.url, ROOM).open()
                expect(page.locator("#people-here li").or_(page.locator("#presence:visible")).first).to_be_visible()
                expect(page.locator("#seen")).to_contain_text("Charlie")
                room.field.fill("Draining web1 now" if size is WIDE else "")
                save(page, IMAGES / f"{name}.png")


def other_pictures(browser: Browser, stack: Stack) -> None:
    """Take an empty room, the settings and the search."""
    with person(browser, stack, "alice", viewport=WIDE, color_scheme="light") as page:
        RoomPage(page, stack.url, "a fresh start").open()
        save(page, IMAGES / "empty-room.png")
        page.goto(f"{stack.url}/settings/")
        save(page, IMAGES / "settings.png")
        page.goto(f"{stack.url}/chat/{quote('database team')}/settings/")
        save(page, IMAGES / "room-settings.png")
        page.goto(f"{stack.url}/search/?q=disk")
        save(page, IMAGES / "search.png")


def offline_picture(browser: Browser, stack: Stack) -> None:
    """Take the room without a connection, last: nginx is stopped for it."""
    with person(browser, stack, "alice", viewport=WIDE, color_scheme="light") as page:
        room = RoomPage(page, stack.url, ROOM).open()
        stack.supervisorctl("stop", "nginx")
        room.offline()
        room.say("Draining web1 now")
        expect(room.pending).to_have_count(1)
        save(page, IMAGES / "offline.png")


def documents(browser: Browser, stack: Stack) -> None:
    """Make every picture of docs/images/ again."""
    stack.manage("shell", "-c", f"NOON = ''\n{STORY}")
    IMAGES.mkdir(parents=True, exist_ok=True)
    room_pictures(browser, stack)
    other_pictures(browser, stack)
    offline_picture(browser, stack)


# Every main page


def everything(browser: Browser, stack: Stack, folder: Path) -> None:
    """Take every main page in two widths and two colour schemes."""
    folder.mkdir(parents=True, exist_ok=True)
    services = stack.root / "var" / "services.toml"
    services.write_text(SERVICES.format(root=stack.root))
    stack.manage("addroom", "deploys")
    stack.manage("loadservices", str(services))
    stack.manage("adduser", "root", "--admin")
    web, check = finished(stack, "web", "version=2.14"), finished(stack, "check")
    stack.manage("shell", "-c", f"NOON = {NOON!r}\n{STORY}\n{TIMES}")
    pages = {
        "room": f"/chat/{ROOM}/",
        "room-empty": "/chat/deploys%20of%20tomorrow/",
        "room-cards": "/chat/deploys/",
        "room-settings": f"/chat/{quote('database team')}/settings/",
        "rooms": "/chat/",
        "rooms-new": "/rooms/new/",
        "run": f"/runs/{web}/",
        "run-failed": f"/runs/{check}/",
        "runs": "/runs/",
        "services": "/services/",
        "service": "/services/web/",
        "search": "/search/?q=disk",
        "settings": "/settings/",
        "password": "/password/",
        "sessions": "/sessions/",
        "missing": "/no/such/page/",
    }
    for (width, size), scheme in product((("wide", WIDE), ("narrow", PHONE)), ("light", "dark")):
        options: dict[str, Any] = {"viewport": size, "color_scheme": scheme}

        def picture(page: Page, name: str, tail: str = f"{width}-{scheme}") -> None:
            save(page, folder / f"{name}-{tail}.png")

        with signed_in(browser, stack, "alice", **options) as context:
            for name, path in pages.items():
                page = context.new_page()
                show(page, stack.url + path)
                picture(page, name)
                if name == "room":
                    page.keyboard.press("Control+k")
                    expect(page.get_by_role("option").first).to_be_visible()
                    picture(page, "switcher")
                page.close()
        with signed_in(browser, stack, "root", **options) as context:
            page = context.new_page()
            show(page, f"{stack.url}/admin/")
            picture(page, "admin")
        context = browser.new_context(timezone_id="UTC", **options)
        page = context.new_page()
        show(page, f"{stack.url}/sign-in/")
        picture(page, "sign-in")
        context.close()


def finished(stack: Stack, service: str, *values: str) -> str:
    """Run a service to its end, and return the id of the run."""
    done = stack.run(".venv/bin/python", "manage.py", "run", service, *values, "--follow", "--json")
    state: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    return str(state["run"])


def show(page: Page, address: str) -> None:
    """Open a page at noon of the story, and wait until it is live, where it has a connection, and quiet."""
    page.clock.set_fixed_time(NOON)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    if page.locator("#text").count():  # a room
        expect(page.locator("#connection")).to_have_text("Live", timeout=20_000)
        expect(page.locator("#people-here li").or_(page.locator("#presence:visible")).first).to_be_attached()
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)


def compare(browser: Browser, before: Path, after: Path) -> bool:
    """Print how many pixels of each picture differ, and return whether none does."""
    page = browser.new_page()
    same = True
    for file in sorted({one.name for folder in (before, after) for one in folder.glob("*.png")}):
        pair = [folder / file for folder in (before, after)]
        if missing := [str(one) for one in pair if not one.exists()]:
            same = False
            sys.stdout.write(f"{file}: there is no {missing[0]}\n")
        elif count := page.evaluate(COMPARE, [base64.b64encode(one.read_bytes()).decode() for one in pair]):
            same = False
            sys.stdout.write(f"{file}: {count} pixels differ\n" if count > 0 else f"{file}: another size\n")
    sys.stdout.write("all pictures are the same\n" if same else "")
    return same


def save(page: Page, file: Path) -> None:
    """Write a picture of the page to a file."""
    page.evaluate("document.fonts.ready")
    page.screenshot(path=file, animations="disabled", caret="hide")
    sys.stdout.write(f"{file}\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description="Take pictures of pages.")
    parser.add_argument("--all", type=Path, metavar="DIR", help="take every main page into this folder")
    parser.add_argument("--compare", type=Path, nargs=2, metavar="DIR", help="compare two such folders")
    options = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        if options.compare:
            return 0 if compare(browser, *options.compare) else 1
        stack = Stack()
        try:
            stack.start()
            stack.sign_in_all(NAMES)
            if options.all:
                everything(browser, stack, options.all.resolve())
            else:
                documents(browser, stack)
        finally:
            stack.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
