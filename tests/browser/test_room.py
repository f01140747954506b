"""A person uses a room, by mouse and by keyboard."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import InRoom, People, Rooms
from tests.browser.room import RoomPage, stop_the_clock
from tests.system.stack import Stack


def test_messages_are_edited_and_deleted_in_place(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    alice.say("hello wrold")
    bob.sees("hello wrold", "alice")
    expect(bob.messages.locator('[data-do="edit"], [data-do="delete"]')).to_have_count(0)

    alice.field.press("ArrowUp")  # in an empty field: edit the last one
    editor = alice.page.locator("form.editor textarea")
    expect(editor).to_be_focused()
    editor.fill("hello world")
    editor.press("Escape")
    expect(alice.page.locator("form.editor")).to_have_count(0)
    alice.sees("hello wrold", "alice")
    expect(alice.field).to_be_focused()

    alice.field.press("ArrowUp")
    editor.fill("hello world")
    editor.press("Enter")
    bob.sees("hello world", "alice")
    expect(bob.page.locator(".edited")).to_have_attribute("title", re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"))

    alice.act("hello world", "delete").get_by_role("button", name="Undo").click()
    alice.sees("hello world", "alice")
    alice.act("hello world", "delete").get_by_role("button", name="Delete").click()
    for page in (alice, bob):
        expect(page.page.locator(".tombstone")).to_have_text("This message was deleted.")
        expect(page.messages).to_have_count(1)
        expect(page.messages.locator("[data-do]")).to_have_count(0)


def test_a_deletion_can_be_taken_back_for_some_seconds(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    alice.page.clock.install()
    alice.open()
    for text in ("one", "two", "three"):
        alice.say(text)
    alice.sees("three", "alice")
    stop_the_clock(alice.page)
    removal = alice.act("one", "delete")
    expect(removal).to_contain_text("Deleted for everyone in 5 seconds.")
    expect(alice.message("one").locator(".text")).to_be_hidden()
    alice.page.clock.run_for(2_000)
    expect(removal).to_contain_text("in 3 seconds")
    alice.page.keyboard.press("Escape")
    expect(alice.message("one").locator(".text")).to_be_visible()
    alice.page.clock.run_for(10_000)
    bob.sees("one", "alice")

    alice.act("one", "delete")
    alice.act("two", "delete")  # both go on
    alice.page.clock.run_for(6_000)
    expect(bob.page.locator(".tombstone")).to_have_count(2)
    alice.act("three", "delete")
    alice.page.goto("about:blank")  # leaving the page does not take the deletion back
    alice.page.clock.resume()
    alice.open()
    expect(bob.page.locator(".tombstone")).to_have_count(3)
    expect(alice.pending).to_have_count(0)


def test_what_somebody_writes_in_an_editor_survives_what_others_do(enter: Rooms, in_room: InRoom) -> None:
    alice = enter("alice")
    alice.say("first")
    alice.sees("first", "alice")
    form = alice.act("first", "edit")
    form.locator("textarea").fill("a long thought")
    in_room('room.edit(alice, 1, "changed in another window"); post(bob, ["meanwhile"])')
    alice.sees("meanwhile", "bob")
    expect(form.locator("textarea")).to_have_value("a long thought")
    expect(form.locator("textarea")).to_be_focused()
    form.get_by_role("button", name="Save").click()
    alice.sees("a long thought", "alice")


def test_keys_and_drafts(enter: Rooms) -> None:
    alice = enter("alice")
    alice.field.press_sequentially("one")
    alice.field.press("Shift+Enter")
    alice.field.press_sequentially("two")
    alice.page.reload()
    alice.live()
    expect(alice.field).to_have_value("one\ntwo")
    composing = "field => field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true}))"
    alice.field.evaluate(composing)  # an input method's Enter chooses a word
    expect(alice.messages).to_have_count(0)
    alice.field.press("Enter")
    expect(alice.messages.locator(".text")).to_have_text("one\ntwo")
    expect(alice.field).to_have_value("")
    alice.page.reload()
    alice.live()
    expect(alice.field).to_have_value("")


def test_the_limit_is_counted_in_characters(enter: Rooms) -> None:
    alice = enter("alice")
    send = alice.page.get_by_role("button", name="Send", exact=True)
    counter = alice.page.locator("#counter")
    alice.field.fill("🚦" * 7400)
    expect(counter).to_be_empty()
    alice.field.fill("🚦" * 7999)
    expect(counter).to_have_text("1 character left")
    alice.field.fill("🚦" * 8002)
    expect(counter).to_have_text("2 characters too many")
    expect(send).to_be_disabled()
    alice.field.press("Enter")
    expect(alice.pending).to_have_count(0)
    alice.field.fill("🚦" * 8000)
    send.click()
    expect(alice.messages.locator(".text")).to_have_text("🚦" * 8000)
    alice.field.fill("   ")
    expect(send).to_be_disabled()


def test_older_messages_come_without_a_jump(enter: Rooms, in_room: InRoom) -> None:
    in_room('post(alice, [f"line {n}" + "\\nmore" * (n % 3) for n in range(130)])')
    bob = enter("bob")
    expect(bob.messages).to_have_count(50)
    reading = bob.page.locator(f"#{bob.messages.nth(12).get_attribute('id')}")
    top = "item => item.getBoundingClientRect().top"
    reading.evaluate("item => item.scrollIntoView()")
    before = reading.evaluate(top)
    expect(bob.messages).to_have_count(100)
    assert abs(before - reading.evaluate(top)) < 2
    bob.load_all()
    expect(bob.messages).to_have_count(130)
    expect(bob.page.locator("#older")).to_be_hidden()
    assert bob.numbers() == list(range(1, 131))


def test_a_reader_is_not_moved_and_hears_of_what_is_new(enter: Rooms, in_room: InRoom) -> None:
    in_room('post(alice, [f"line {n}" for n in range(60)])')
    alice, bob = enter("alice"), enter("bob")
    new = bob.page.locator("#new")
    alice.say("at the end")
    bob.sees("at the end", "alice")
    expect(bob.message("at the end")).to_be_in_viewport()
    bob.page.locator("#scroller").evaluate("scroller => scroller.scrollTop = -900")
    reading = bob.message("line 40")
    before = reading.bounding_box()
    alice.say("news")
    expect(new).to_have_text("1 new message")
    alice.say("more\nnews\nin lines")
    expect(new).to_have_text("2 new messages")
    assert reading.bounding_box() == before
    new.click()
    expect(new).to_be_hidden()
    expect(bob.messages.last).to_be_in_viewport()
    bob.page.locator("#scroller").evaluate("scroller => scroller.scrollTop = -900")
    bob.say("what I say takes me to the end")
    expect(bob.message("what I say takes me to the end")).to_be_in_viewport()


def test_people_see_each_other(enter: Rooms) -> None:
    alice, bob = enter("alice", viewport={"width": 1400, "height": 800}), enter("bob")
    here = alice.page.locator("#people")
    expect(here.get_by_role("heading")).to_have_text("2 here")
    expect(here.locator("li")).to_have_text(["alice", "bob"])
    bob.field.press_sequentially("h")
    expect(alice.page.locator("#typing")).to_have_text("bob is typing…")
    alice.field.press_sequentially("h")
    expect(bob.page.locator("#typing")).to_have_text("alice is typing…")
    alice.field.press("Backspace")
    expect(bob.page.locator("#typing")).to_be_empty(timeout=4_000)  # long before six seconds without a word
    bob.field.press("Enter")
    alice.sees("h", "bob")
    expect(alice.page.locator("#typing")).to_be_empty()
    alice.say("do you see this?")
    expect(alice.page.locator("#seen")).to_have_text("Seen by bob")
    alice.page.reload()
    expect(alice.page.locator("#seen")).to_have_text("Seen by bob")
    bob.page.close()
    expect(here.get_by_role("heading")).to_have_text("1 here")


def test_what_was_seen_is_not_unread(enter: Rooms, in_room: InRoom, room_name: str) -> None:
    alice = enter("alice")
    in_room('post(bob, ["one", "two"])')
    alice.sees("two", "bob")
    expect(alice.page.locator("#seen")).to_be_empty()
    bob = enter("bob")
    expect(bob.page.locator("#seen")).to_have_text("Seen by alice")
    alice.page.get_by_role("link", name="Rooms", exact=True).click()
    entry = alice.page.get_by_role("main").get_by_role("link", name=room_name)
    expect(entry).to_be_visible()
    expect(entry.locator(".count:not([hidden])")).to_have_count(0)
    bob.say("three")
    bob.sees("three", "bob")
    alice.page.reload()
    expect(entry).to_contain_text("1 unread")


def test_the_end_is_shown_before_any_script_runs(visit: People, stack: Stack, in_room: InRoom, room_name: str) -> None:
    in_room('post(alice, [f"line {n}" for n in range(60)])')
    page = visit("bob", java_script_enabled=False)
    page.goto(RoomPage(page, stack.url, room_name).address)
    expect(page.locator("#messages > .message")).to_have_count(50)
    expect(page.get_by_text("line 59", exact=True)).to_be_in_viewport()


def test_plain_http_has_no_random_uuid(visit: People, stack: Stack, room_name: str) -> None:
    """Browsers give `crypto.randomUUID` only to secure contexts; a host in the basement has none."""
    page = visit("alice")
    page.add_init_script("delete Crypto.prototype.randomUUID")
    alice = RoomPage(page, stack.url, room_name).open()
    assert page.evaluate("typeof crypto.randomUUID") == "undefined"
    alice.say("hello")
    alice.sees("hello", "alice")
    expect(alice.pending).to_have_count(0)


def test_nothing_is_wider_than_a_small_screen(enter: Rooms) -> None:
    alice = enter("alice", viewport={"width": 320, "height": 560})
    alice.say("x" * 500)
    expect(alice.messages).to_have_count(1)
    assert alice.page.evaluate("document.documentElement.scrollWidth") == 320
    alice.page.get_by_role("button", name="Rooms and more").click()
    alice.page.get_by_role("link", name="Rooms", exact=True).click()
    expect(alice.page.get_by_role("heading", level=1)).to_have_text("Rooms")
    assert alice.page.evaluate("document.documentElement.scrollWidth") == 320


def test_lists_have_the_signs_of_their_level(enter: Rooms) -> None:
    alice = enter("alice")
    alice.say("- first\n  - second\n\n1. numbered")
    lists = alice.messages.locator(".rich :is(ul, ol)")
    expect(lists).to_have_count(3)
    assert [one.evaluate("list => getComputedStyle(list).listStyleType") for one in lists.all()] == [
        "disc",
        "circle",
        "decimal",
    ]
