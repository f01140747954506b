"""Calls for a person's attention in other rooms, tabs and windows: counts, badges, notifications."""

import re
import time
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import People, Rooms
from tests.browser.room import RoomPage, stop_the_clock
from tests.system.stack import Stack

Say = Callable[..., None]

# A desktop that keeps its notifications: Chromium without a screen has none.
DESKTOP = """
window.shown = [];
window.Notification = class extends EventTarget {
  static permission = "granted";
  constructor(title, options) {
    super();
    window.shown.push({ title, ...options });
  }
  close() {}
};
"""


@pytest.fixture
def other() -> str:
    """A room beside the test's own."""
    return f"other {uuid.uuid4().hex[:6]}"


@pytest.fixture
def say(visit: People, stack: Stack, other: str) -> Say:
    """`say("text")`: bob posts in the other room, which he makes when he says his first word there."""
    bob: list[RoomPage] = []

    def posted(*texts: str) -> None:
        if not bob:
            bob.append(RoomPage(visit("bob"), stack.url, other).open())
        for text in texts:
            bob[0].say(text)
            bob[0].sees(text, "bob")

    return posted


def entry(page: Page, name: str) -> Locator:
    return page.locator("#side-rooms a", has_text=name)


def icon(page: Page) -> Locator:
    return page.locator('link[rel="icon"]')


def test_rooms_stand_beside_the_page_with_what_is_unread(enter: Rooms, say: Say, other: str, room_name: str) -> None:
    alice = enter("alice")
    expect(alice.page.locator("#side-rooms a[aria-current]")).to_have_text(re.compile(re.escape(room_name)))
    say("news")
    expect(entry(alice.page, other)).to_contain_text("1 unread")  # a room that was not there before
    expect(alice.page).to_have_title(re.compile("^• "))
    expect(icon(alice.page)).to_have_attribute("href", re.compile("favicon-unread"))
    say("more")
    began = time.monotonic()
    say("and more, @alice!")
    expect(entry(alice.page, other)).to_contain_text("3 unread")
    expect(entry(alice.page, other)).to_contain_text("1 mention of you")
    assert time.monotonic() - began < 30  # by its own socket: asking now and then would take a minute
    expect(entry(alice.page, other).locator(".mentioned [aria-hidden]")).to_have_text("@1")
    expect(alice.page).to_have_title(re.compile(r"^\(\d+\) "))
    expect(icon(alice.page)).to_have_attribute("href", re.compile("favicon-mentioned"))
    alice.page.set_viewport_size({"width": 390, "height": 844})  # of a phone: the list is away
    side = alice.page.get_by_role("button", name="Rooms and more")
    expect(side).to_have_accessible_name(re.compile(r"mentions? of you$"))
    expect(side.locator(".count > [aria-hidden]")).to_have_text(re.compile(r"^@\d+"))
    side.click()
    entry(alice.page, other).click()
    expect(alice.page.get_by_role("heading", level=1)).to_have_text(other)
    expect(entry(alice.page, other).locator(".count:not([hidden])")).to_have_count(0)


def test_what_is_read_in_one_tab_is_read_in_the_others(enter: Rooms, say: Say, other: str, stack: Stack) -> None:
    alice = enter("alice")
    say("hello @alice!")
    expect(entry(alice.page, other)).to_contain_text("1 mention of you")
    tab = alice.page.context.new_page()
    tab.goto(f"{stack.url}/settings/")  # a page without a room
    expect(entry(tab, other)).to_contain_text("1 mention of you")
    reading = RoomPage(alice.page.context.new_page(), stack.url, other).open()
    for page in (alice.page, tab):
        expect(entry(page, other).locator(".count:not([hidden])")).to_have_count(0)
    say("again, @alice, and in time")
    reading.sees("again, @alice, and in time", "bob")
    expect(entry(tab, other)).to_have_attribute("data-read", "2")
    expect(entry(tab, other)).to_have_attribute("data-mentioned", "0")
    reading.page.close()
    say("@alice, are you there?")
    expect(entry(tab, other)).to_contain_text("1 mention of you")
    expect(entry(alice.page, other)).to_contain_text("1 mention of you")


def test_what_came_while_the_network_was_away_is_counted(enter: Rooms, say: Say, other: str, room_name: str) -> None:
    alice = enter("alice")
    say("one")
    expect(entry(alice.page, other)).to_contain_text("1 unread")
    alice.page.context.set_offline(True)
    alice.offline()
    say("two", "three")
    alice.page.context.set_offline(False)
    alice.live()
    expect(entry(alice.page, other)).to_contain_text("3 unread")


def test_a_muted_room_calls_only_by_name(visit: People, say: Say, other: str, stack: Stack) -> None:
    say("first")
    alice = RoomPage(visit("alice"), stack.url, other).open()
    alice.page.locator(".bar summary").click()
    alice.page.get_by_role("button", name="Mute").click()
    muted = entry(alice.page, other).get_by_role("img", name="muted")
    expect(muted).to_be_visible()
    alice.page.goto(f"{stack.url}/settings/")
    say("second", "third, @here!")
    expect(entry(alice.page, other)).to_have_attribute("data-unread", "2")
    expect(entry(alice.page, other).locator(".count:not([hidden])")).to_have_count(0)
    say("@alice!")
    expect(entry(alice.page, other)).to_contain_text("1 mention of you")
    alice.open()
    alice.page.locator(".bar summary").click()
    alice.page.get_by_role("button", name="Unmute").click()
    expect(muted).to_have_count(0)


def test_one_is_notified_of_mentions_and_told_why_not(visit: People, say: Say, other: str, stack: Stack) -> None:
    page = visit("charlie")
    page.add_init_script(DESKTOP)
    page.clock.install()
    page.goto(f"{stack.url}/settings/")
    expect(page.locator("#notifications-state")).to_contain_text("Allowed.")
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator("#notifications-state")).to_contain_text("Sent.")
    assert [shown["title"] for shown in page.evaluate("shown")] == ["Signalbox"]
    say("for everybody: <b>nothing</b>", "for @charlie: <b>this</b>")
    journal = page.locator("#notifications-journal li")
    expect(journal).to_have_count(1)
    expect(journal).to_contain_text(f"bob in {other}")
    expect(journal).to_contain_text("Shown.")
    shown = page.evaluate("shown.slice(1).map(({ title, body }) => [title, body])")
    assert shown == [[f"bob in {other}", "for @charlie: <b>this</b>"]]
    # read in time, on another device
    stop_the_clock(page)
    say("@charlie, look")
    expect(entry(page, other)).to_have_attribute("data-mentioned", "2")
    reading = RoomPage(visit("charlie"), stack.url, other).open()
    reading.sees("@charlie, look", "bob")
    expect(entry(page, other)).to_have_attribute("data-read", "3")
    page.clock.run_for(2_500)
    page.clock.resume()
    expect(journal).to_have_count(2)
    expect(journal.first).to_contain_text("you had read it already")
    # it leads to the message
    journal.first.get_by_role("link").click()
    expect(page.locator(".message.target")).to_contain_text("@charlie, look")


WAITING = "Object.keys(localStorage).filter((key) => key.startsWith('signalbox:to-notify:')).length"


def test_a_mention_just_before_the_page_is_left_is_decided_on_the_next(
    visit: People, say: Say, other: str, stack: Stack
) -> None:
    say("a first word")
    page = visit("charlie")
    page.add_init_script(DESKTOP)
    page.clock.install()
    page.goto(f"{stack.url}/settings/")
    expect(entry(page, other)).to_have_attribute("data-head", "1")
    stop_the_clock(page)  # so that the page is left in time
    say("@charlie, quick")
    expect(entry(page, other)).to_have_attribute("data-mentioned", "1")
    assert page.evaluate(WAITING) == 1
    assert page.evaluate("shown") == []
    page.clock.resume()
    page.goto(f"{stack.url}/runs/")
    page.wait_for_function("() => shown.length")
    assert page.evaluate("shown.map(({ title, body }) => [title, body])") == [[f"bob in {other}", "@charlie, quick"]]
    assert page.evaluate(WAITING) == 0
    page.goto(f"{stack.url}/settings/")
    journal = page.locator("#notifications-journal li", has_text=f"bob in {other}")
    expect(journal).to_have_count(1)
    expect(journal).to_contain_text("Shown.")
    assert page.evaluate("shown") == []


def test_of_several_tabs_one_shows_a_mention(visit: People, say: Say, other: str, stack: Stack) -> None:
    say("a first word")
    page = visit("charlie")
    tabs = [page, page.context.new_page(), page.context.new_page()]
    for tab in tabs:
        tab.add_init_script(DESKTOP)
        tab.goto(f"{stack.url}/settings/")
        expect(entry(tab, other)).to_have_attribute("data-head", "1")
    say("@charlie, quick")
    for tab in tabs:
        expect(entry(tab, other)).to_have_attribute("data-mentioned", "1")
    journal = page.locator("#notifications-journal li", has_text=f"bob in {other}")
    expect(journal).to_have_count(1)
    expect(journal).to_contain_text("Shown.")
    for tab in tabs:
        tab.wait_for_function(f"() => !{WAITING}")
    assert sum(tab.evaluate("shown.length") for tab in tabs) == 1


def test_a_mention_that_the_server_had_counted_before_its_word_came_is_told_of_once(
    visit: People, say: Say, other: str, stack: Stack
) -> None:
    say("the first word")
    page = visit("charlie")
    page.goto(f"{stack.url}/settings/")
    expect(entry(page, other)).to_have_attribute("data-head", "1")
    told = page.evaluate(
        """async (name) => {
            const preloads = [...document.querySelectorAll("link[rel=modulepreload]")].map(({ href }) => href);
            const { rooms } = await import(preloads.find((href) => href.includes("/site/rooms.")));
            const link = [...rooms.list.querySelectorAll("[data-room]")].find((one) => one.textContent.includes(name));
            const told = [];
            rooms.addEventListener("message", ({ detail }) => told.push([detail.seq, detail.mentioned]));
            Object.assign(link.dataset, { head: 2, unread: 2, mentioned: 1 });
            const word = { type: "news", rooms: [[Number(link.dataset.room), [[2, "bob", ["charlie"]]], false]] };
            rooms.hear(word);
            rooms.hear(word);
            return [told, link.dataset.unread, link.dataset.mentioned];
        }""",
        other,
    )
    assert told == [[[2, True]], "2", "1"]


@pytest.mark.parametrize(
    ("permission", "state"), [("denied", "Blocked in this browser."), ("default", "Not asked yet")]
)
def test_the_settings_say_whether_this_device_shows_notifications(
    visit: People, stack: Stack, permission: str, state: str
) -> None:
    page = visit("alice")
    page.add_init_script(DESKTOP.replace("granted", permission))
    page.goto(f"{stack.url}/settings/")
    expect(page.locator("#notifications-state")).to_contain_text(state)
    expect(page.get_by_role("button", name="Send a test")).to_be_hidden()
    expect(page.get_by_role("button", name="Allow on this device")).to_be_visible(visible=permission == "default")
