"""Unread messages of a room: the line, the bar, the mark that moves with the screen, and "mark unread"."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import InRoom, Rooms
from tests.browser.room import RoomPage


def bar(page: Page) -> Locator:
    return page.get_by_role("group", name="Unread messages")


def line(room: RoomPage) -> Locator:
    return room.messages.and_(room.page.locator("[data-unread]"))


WAIT = """
import time
end = time.monotonic() + 20
while not room.seen.filter(user=alice, seq__gte={seq}).exists():
    assert time.monotonic() < end, room.seen.values()
    time.sleep(0.1)
"""


def has_read(in_room: InRoom, seq: str = "Room.objects.get(pk=room.pk).seq") -> None:
    """Wait until alice has read everything up to `seq`, as the server has it; without it, everything."""
    in_room(WAIT.format(seq=seq))


def test_of_many_unread_messages_only_those_that_were_on_the_screen_are_read(enter: Rooms, in_room: InRoom) -> None:
    in_room("post(bob, [f'old {n}' for n in range(5)])")
    alice = enter("alice")
    alice.sees("old 4", "bob")
    has_read(in_room)
    alice.page.goto("about:blank")
    in_room("post(bob, [f'new {n}' for n in range(130)])")
    alice.open()
    expect(bar(alice.page)).to_contain_text(re.compile(r"^\s*130 new since \d\d:\d\d"))
    expect(line(alice)).to_have_count(0)  # the first one is not on the page
    expect(alice.message("new 129")).to_be_in_viewport()
    alice.page.reload()
    expect(bar(alice.page)).to_contain_text("130 new since")  # the newest ones were seen, but not those before them
    bar(alice.page).get_by_role("button", name="Jump to the first").click()
    expect(line(alice)).to_have_count(1)
    expect(line(alice)).to_contain_text("new 0")
    expect(line(alice)).to_be_in_viewport()
    expect(alice.page.locator("#backlog")).to_be_hidden()
    has_read(in_room, "10")
    alice.page.goto(alice.address)
    expect(bar(alice.page)).to_contain_text(re.compile(r"\d+ new since"))
    left = int(re.findall(r"\d+", bar(alice.page).inner_text())[0])
    assert 90 < left < 130, "what was on the screen is read, and no more"
    bar(alice.page).get_by_role("button", name="Mark as read").click()
    expect(alice.page.locator("#backlog")).to_be_hidden()
    has_read(in_room)
    alice.page.reload()
    alice.live()
    expect(alice.page.locator("#backlog")).to_be_hidden()
    expect(line(alice)).to_have_count(0)


def test_a_message_is_marked_as_unread_on_all_pages_until_the_person_comes_back(
    enter: Rooms, in_room: InRoom, room_name: str
) -> None:
    in_room("post(bob, [f'message {n}' for n in range(4)])")
    alice = enter("alice")
    tab = RoomPage(alice.page.context.new_page(), alice.page.url.partition("/chat/")[0], room_name).open()
    has_read(in_room)
    for page in (alice, tab):
        expect(line(page)).to_have_count(0)
    message = alice.message("message 2")
    message.hover()
    message.get_by_role("button", name="Mark unread").click()
    for page in (alice, tab):
        expect(line(page)).to_contain_text("message 2")
    in_room("assert room.seen.get(user=alice).seq == 2")
    alice.page.get_by_role("link", name="Rooms", exact=True).click()
    entry = alice.page.get_by_role("main").get_by_role("link", name=room_name)
    expect(entry).to_contain_text("2 unread")
    alice.open()
    expect(line(alice)).to_contain_text("message 2")
    has_read(in_room)  # it was on the screen again


def test_one_can_mark_only_what_others_said(enter: Rooms, in_room: InRoom) -> None:
    alice = enter("alice")
    alice.say("my own")
    alice.sees("my own", "alice")
    expect(alice.messages.get_by_role("button", name="Mark unread")).to_have_count(0)
    in_room("post(bob, ['not mine'])")
    alice.message("not mine").hover()
    expect(alice.message("not mine").get_by_role("button", name="Mark unread")).to_be_visible()


def test_an_archived_room_says_so_and_is_not_live(enter: Rooms, in_room: InRoom) -> None:
    alice = enter("alice")
    tag = alice.page.get_by_role("heading", level=1).get_by_text("archived")
    expect(tag).to_be_hidden()
    in_room("from proj.rooms import managing\nmanaging.archive(room, alice)")
    expect(tag).to_be_visible()
    expect(alice.page.locator("#connection")).to_be_hidden()
    alice.page.reload()
    expect(tag).to_be_visible()
    expect(alice.page.locator("#connection")).to_be_hidden()
