"""Members-only rooms: made, joined by a link, left; everybody in a room sees its events at once."""

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import People
from tests.browser.room import RoomPage
from tests.system.stack import Stack


@pytest.fixture
def made(visit: People, stack: Stack, room_name: str) -> Page:
    """alice's page with the settings of a members-only room that she has just made."""
    page = visit("alice")
    page.goto(f"{stack.url}/chat/")
    page.get_by_role("link", name="Make a members-only room").click()
    page.get_by_role("main").get_by_label("Name").fill(room_name)
    page.get_by_role("button", name="Make the room").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(room_name)
    return page


def lines(room: RoomPage) -> list[str]:
    """Return the events of the room that are no messages, without their times."""
    return [re.sub(r"\s*\d\d:\d\d$", "", text) for text in room.page.locator(".happening").all_inner_texts()]


def test_people_come_by_a_link_and_are_put_out(made: Page, visit: People, stack: Stack, room_name: str) -> None:
    made.get_by_label("Name of a person").fill("bob")
    stack.sign_in("bob")
    made.get_by_role("button", name="Let in").click()
    expect(made.get_by_role("status")).to_have_text("bob is a member now.")
    made.get_by_role("button", name="Make a link").click()
    link = made.locator("#link").inner_text()
    room = RoomPage(visit("bob"), stack.url, room_name).open()
    room.say("who else?")

    charlie = visit("charlie")
    charlie.goto(link)
    expect(charlie.get_by_label("Code")).to_have_value(link.rpartition("#")[2])
    expect(charlie).to_have_url(re.compile("^[^#]*$"))
    charlie.get_by_role("button", name="Join").click()
    there = RoomPage(charlie, stack.url, room_name)
    there.live()
    there.sees("who else?", "bob")
    expect(room.page.locator(".happening")).to_have_count(3)
    told = ["alice made this room", "alice let bob in", "charlie came in by a link"]
    assert lines(room) == lines(there) == told
    there.shows_the_same_as(RoomPage(visit("charlie"), stack.url, room_name).open())
    room.shows_the_same_as(RoomPage(visit("bob"), stack.url, room_name).open())

    made.goto(f"{there.address}settings/")
    expect(made.get_by_text("1 person came by it")).to_be_visible()
    made.get_by_role("link", name="Remove charlie").click()
    made.get_by_role("button", name="Remove").click()
    expect(there.status).to_have_attribute("data-state", "no-access")
    expect(there.page.locator("#connection")).to_have_text("You have no access to this room any more.")
    expect(there.field).to_be_hidden()
    expect(there.page.get_by_role("link", name="To the rooms")).to_be_visible()
    expect(room.page.locator(".happening").last).to_contain_text("alice removed charlie")


def test_who_is_signed_out_keeps_the_link_while_signing_in(made: Page, visit: People, stack: Stack) -> None:
    made.get_by_role("button", name="Make a link").click()
    link = made.locator("#link").inner_text()
    name = f"dora-{uuid.uuid4().hex[:6]}"
    password = "a long enough passphrase"
    stack.manage(
        "shell",
        "-c",
        f"from proj.accounts.models import User; User.objects.create_user({name!r}, password={password!r})",
    )
    page = visit(None)
    page.goto(link)
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Code")).to_have_value(link.rpartition("#")[2])


def test_a_room_is_renamed_and_archived_while_people_are_in_it(
    made: Page, visit: People, stack: Stack, room_name: str
) -> None:
    room = RoomPage(visit("alice"), stack.url, room_name).open()
    room.field.fill("half a thought")
    name = f"ops <b> {uuid.uuid4().hex[:6]}"
    made.get_by_label("Name of the room").fill(name)
    made.get_by_role("button", name="Rename").click()
    expect(room.page.get_by_role("heading", level=1)).to_have_text(re.compile(re.escape(name)))
    expect(room.page).to_have_title(re.compile(rf"{re.escape(name)} · Signalbox$"))
    room.page.reload()
    expect(room.page).to_have_url(re.compile(r"/chat/ops%20"))
    room.live()
    expect(room.field).to_have_value("half a thought")
    made.get_by_role("link", name="Archive this room").click()
    made.get_by_role("button", name="Archive").click()
    expect(room.page.get_by_text("This room is archived")).to_be_visible()
    expect(room.field).to_be_hidden()
    made.get_by_role("button", name="Take it out of the archive").click()
    expect(room.field).to_be_visible()
    assert lines(room) == [
        "alice made this room",
        f"alice renamed the room to {name}",
        "alice archived the room",
        "alice took the room out of the archive",
    ]


def test_a_message_that_an_administrator_removes_is_gone_at_once(
    made: Page, visit: People, stack: Stack, room_name: str
) -> None:
    room = RoomPage(visit("alice"), stack.url, room_name).open()
    room.say("a secret")
    room.sees("a secret", "alice")
    code = """
from proj.accounts.models import User
from proj.rooms import managing
from proj.rooms.models import Room
room = Room.objects.get(name={!r})
managing.remove_message(room, room.seq, User.objects.get(username="alice"), "a <b>password</b>")
"""
    stack.manage("shell", "-c", code.format(room_name))
    expect(room.messages.locator(".tombstone")).to_have_text("Removed by an administrator:a <b>password</b>")
    expect(room.page.get_by_text("a secret")).to_have_count(0)
    room.shows_the_same_as(RoomPage(visit("alice"), stack.url, room_name).open())
