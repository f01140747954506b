"""A room's page as a person uses it. Every wait is for something to be seen."""

import re
import time
from urllib.parse import quote, urlsplit

from playwright.sync_api import Locator, Page, expect


def stop_the_clock(page: Page) -> None:
    """Stop the clock of this page a moment from now; it was installed before the page opened."""
    page.clock.pause_at(page.evaluate("Date.now()") / 1_000 + 10)


class RoomPage:
    """One browser page in one room."""

    def __init__(self, page: Page, url: str, name: str) -> None:
        self.page = page
        self.address = f"{url}/chat/{quote(name, safe='')}/"
        self.messages = page.locator("#messages > .message")
        self.pending = page.locator("#pending > .message")
        self.field = page.locator("#text")
        self.status = page.locator("#status")

    def open(self) -> "RoomPage":
        """Open the page, and wait until it is live; the first one makes the room."""
        self.load()
        self.live()
        return self

    def load(self) -> None:
        """Open the page in any language; the first one makes the room."""
        if self.page.request.get(self.address).status == 404:
            self.make()
        self.page.goto(self.address)

    def make(self) -> None:
        """Make the room as the page of the Channels tutorial does: with a plain socket."""
        self.page.goto(f"{self.address.partition('/chat/')[0]}/robots.txt")
        self.page.evaluate(
            """(path) => new Promise((resolve, reject) => {
                const socket = new WebSocket(`ws://${location.host}/ws${path}`);
                Object.assign(socket, { onopen: resolve, onclose: reject });
            })""",
            urlsplit(self.address).path,
        )

    def live(self) -> None:
        """The page says that it is live: connected, and nothing missing."""
        expect(self.status).to_have_attribute("data-state", "live", timeout=40_000)
        expect(self.page.locator("#connection")).to_have_text("Live")

    def offline(self) -> None:
        """The page says that it is offline, and when it will try again."""
        expect(self.page.locator("#connection")).to_contain_text("Offline", timeout=15_000)
        expect(self.page.locator("#connection")).to_contain_text("What you write is kept here")

    def say(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def message(self, text: str) -> Locator:
        """The messages with exactly this text."""
        exactly = re.compile(rf"^{re.escape(text)}$")
        return self.messages.filter(has=self.page.locator(".text", has_text=exactly))

    def sees(self, text: str, author: str) -> None:
        """One message with this text is here, from this author."""
        expect(self.message(text)).to_have_count(1)
        expect(self.message(text).locator(".author")).to_have_text(author)

    def act(self, text: str, verb: str) -> Locator:
        """Press "edit" or "delete" at one's own message; the form that opens."""
        message = self.message(text)
        number = message.get_attribute("id")
        message.hover()
        message.locator(f'[data-do="{verb}"]').click()
        return self.page.locator(f"#{number} form")

    def load_all(self) -> None:
        """Press "older messages" until there are no older ones."""
        older = self.page.locator("#older")
        while older.is_visible():
            count = self.messages.count()
            # A mouse would have to scroll there first, which loads them by itself, and may take the button away.
            older.dispatch_event("click")
            expect(self.messages).not_to_have_count(count)
            expect(self.page.locator("#log")).not_to_have_attribute("aria-busy", "true")

    def shows_the_same_as(self, other: "RoomPage") -> None:
        """Both have the same list of messages, once each has been told of everything."""
        end = time.monotonic() + 20
        while self.markup() != other.markup() and time.monotonic() < end:
            self.page.wait_for_timeout(50)
        assert self.markup() == other.markup()

    def markup(self) -> str:
        """The list of messages as markup, without the page's own: the line where this person left off,
        the bar of the message under the pointer, and the stops of the tab key."""
        found: str = self.page.locator("#messages").evaluate(
            """list => {
                const copy = list.cloneNode(true);
                for (const item of copy.querySelectorAll("[data-unread]")) delete item.dataset.unread;
                for (const bar of copy.querySelectorAll(".toolbar")) bar.remove();
                for (const stop of copy.querySelectorAll("[tabindex]:not(pre)")) stop.removeAttribute("tabindex");
                return copy.outerHTML;
            }"""
        )
        return found

    def numbers(self) -> list[int]:
        """The `seq` of every message shown, in order."""
        found: list[int] = self.messages.evaluate_all("items => items.map((item) => Number(item.dataset.seq))")
        return found
