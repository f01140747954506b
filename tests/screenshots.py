"""`.venv/bin/python -m tests.screenshots`: makes the pictures of docs/images/ anew, from a stack of its own."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.room import RoomPage
from tests.system.stack import Stack

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
ROOM = "ops"
STORY = r"""
from datetime import timedelta
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
for person, minutes, text in talk:
    seq = room.post(person, text).seq
    Event.objects.filter(room=room, seq=seq).update(at=timezone.now() - timedelta(minutes=minutes))
room.react(alice, 7, "\U0001f389")
room.react(bob, 7, "\U0001f389")
room.react(bob, 8, "\u2705")
for name in ("deploys", "lobby", "运维"):
    other = Room.visit(bob, name)
    other.post(bob, "hello")
room.mark_seen(alice, 20)
Room.visit(alice, "lobby").mark_seen(alice, 1)
closed = managing.create(alice, "database team", members_only=True)
closed.add_member(charlie, alice)
closed.mark_seen(alice, 2)
"""


@contextmanager
def person(browser: Browser, stack: Stack, name: str, **options: Any) -> Iterator[Page]:
    """A page in which somebody is signed in."""
    context = browser.new_context(timezone_id="UTC", **options)
    cookie, _, value = stack.sign_in(name).partition("=")
    context.add_cookies([{"name": cookie, "value": value, "url": stack.url}])
    yield context.new_page()
    context.close()


def room_pictures(browser: Browser, stack: Stack) -> None:
    """The room, wide by day and by night, on a phone, and without a connection."""
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
                save(page, name)


def other_pictures(browser: Browser, stack: Stack) -> None:
    """Pages that are not the room's."""
    with person(browser, stack, "alice", viewport=WIDE, color_scheme="light") as page:
        RoomPage(page, stack.url, "a fresh start").open()
        save(page, "empty-room")
        page.goto(f"{stack.url}/settings/")
        save(page, "settings")
        page.goto(f"{stack.url}/chat/{quote('database team')}/settings/")
        save(page, "room-settings")
        search = page.request.get(f"{stack.url}/search/?q=disk")
        if search.ok:
            page.goto(search.url)
            save(page, "search")


def offline_picture(browser: Browser, stack: Stack) -> None:
    """The last one: nginx is stopped for it."""
    with person(browser, stack, "alice", viewport=WIDE, color_scheme="light") as page:
        room = RoomPage(page, stack.url, ROOM).open()
        stack.supervisorctl("stop", "nginx")
        room.offline()
        room.say("Draining web1 now")
        expect(room.pending).to_have_count(1)
        save(page, "offline")


def save(page: Page, name: str) -> None:
    page.evaluate("document.fonts.ready")
    page.screenshot(path=IMAGES / f"{name}.png", animations="disabled", caret="hide")
    sys.stdout.write(f"docs/images/{name}.png\n")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    stack = Stack()
    try:
        stack.start()
        stack.sign_in_all(["alice", "bob", "charlie"])
        stack.manage("shell", "-c", STORY)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            room_pictures(browser, stack)
            other_pictures(browser, stack)
            offline_picture(browser, stack)
            browser.close()
    finally:
        stack.stop()


if __name__ == "__main__":
    main()
