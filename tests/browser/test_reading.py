"""How a conversation stands on the page, and how one moves in it."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import InRoom, People, Rooms
from tests.browser.room import RoomPage

# Messages at moments of our choosing: (author, minutes before the first of 2026-01-10T21:58Z, text)
AT = """
from datetime import datetime, timedelta, timezone
def at(author, minutes, text):
    seq = room.post(author, text).seq
    moment = datetime(2026, 1, 10, 21, 58, tzinfo=timezone.utc) + timedelta(minutes=minutes)
    room.events.filter(seq=seq).update(at=moment)
"""


def test_messages_stand_together_by_person_time_and_day(enter: Rooms, in_room: InRoom) -> None:
    in_room(
        f"{AT}\nfor person, minutes in ((bob, 0), (bob, 1), (bob, 3), (alice, 4), (alice, 9.5), (alice, 12)):\n"
        "    at(person, minutes, str(minutes))"
    )
    bob = enter("bob", timezone_id="Europe/Amsterdam")
    expect(bob.messages.locator(".permalink")).to_have_text(["22:58", "22:59", "23:01", "23:02", "23:07", "23:10"])
    moscow = enter("bob", timezone_id="Europe/Moscow")  # at 01:00: one day
    grouped = "items => items.map((item) => [item.classList.contains('grouped'), item.dataset.day ?? ''])"
    assert moscow.messages.evaluate_all(grouped) == [
        [False, "Sunday, January 11"],
        [True, ""],
        [True, ""],
        [False, ""],
        [False, ""],
        [True, ""],
    ]
    helsinki = enter("bob", timezone_id="Europe/Helsinki")  # midnight is between minutes 1 and 3
    assert helsinki.messages.evaluate_all(grouped)[:4] == [
        [False, "Saturday, January 10"],
        [True, ""],
        [False, "Sunday, January 11"],
        [False, ""],
    ]
    expect(helsinki.messages.first.locator("time")).to_have_attribute("title", "2026-01-10 21:58:00 UTC")


def test_what_comes_live_stands_as_what_is_loaded(enter: Rooms, in_room: InRoom) -> None:
    in_room(f'{AT}\nat(bob, 0, "long ago")')
    alice, bob = enter("alice"), enter("bob")
    for text in ("one", "two", "three"):
        alice.say(text)
    bob.sees("three", "alice")
    bob.say("four")
    alice.sees("four", "bob")
    expect(bob.messages.filter(has=bob.page.locator(".text", has_text=re.compile("^(two|three)$")))).to_have_class(
        ["message grouped", "message grouped"]
    )
    bob.shows_the_same_as(enter("bob"))
    alice.act("two", "delete").get_by_role("button", name="Delete").click()
    expect(bob.page.locator(".tombstone")).to_have_count(1)
    expect(bob.message("three")).to_have_class("message")  # it continued from a message that is gone
    expect(alice.pending).to_have_count(0)
    bob.shows_the_same_as(enter("bob"))


def test_a_line_shows_where_one_left_off(enter: Rooms, in_room: InRoom) -> None:
    alice, bob = enter("alice"), enter("bob")
    bob.say("before")
    alice.sees("before", "bob")
    expect(bob.page.locator("#seen")).to_have_text("Seen by alice")
    alice.page.goto("about:blank")
    bob.say("while alice is away")
    bob.say("and more")
    expect(bob.pending).to_have_count(0)
    alice.open()
    line = alice.page.locator("#scroller [data-unread]")
    expect(line).to_have_count(1)
    expect(line.locator(".text")).to_have_text("while alice is away")
    expect(line).to_have_attribute("data-unread", "New since you were here")
    alice.say("I am back")
    expect(line).to_have_count(0)


def test_a_permalink_shows_its_message_among_the_others(enter: Rooms, in_room: InRoom) -> None:
    in_room('post(alice, [f"line {n}" for n in range(1, 501)])')
    bob = enter("bob")
    link = bob.messages.first.locator(".permalink").get_attribute("href")
    assert link == bob.address.partition("/chat/")[1] + bob.address.partition("/chat/")[2] + "451/"
    at_200 = RoomPage(bob.page, "", "")
    at_200.address = bob.address + "200/"
    at_200.open()
    target = at_200.page.locator(".message.target")
    expect(target.locator(".text")).to_have_text("line 200")
    expect(target).to_be_in_viewport()
    first, last = at_200.numbers()[0], at_200.numbers()[-1]
    assert first <= 176
    assert 225 <= last < 500
    pill = at_200.page.locator("#new")
    expect(pill).to_have_text("To the newest messages")
    in_room('post(alice, ["news"])')
    expect(pill).to_have_text("1 new message")
    assert at_200.numbers()[-1] < 500  # nothing is shown that the messages between are missing before
    pill.click()
    at_200.sees("news", "alice")
    expect(at_200.message("news")).to_be_in_viewport()
    expect(pill).to_be_hidden()
    at_200.say("and I can answer")
    at_200.sees("and I can answer", "bob")


def test_one_scrolls_through_a_long_room_without_a_jump(enter: Rooms, in_room: InRoom) -> None:
    in_room('post(alice, [f"line {n}" + "\\nmore" * (n % 3) for n in range(1, 1201)])')
    bob = enter("bob")
    expect(bob.messages).to_have_count(50)
    while bob.numbers()[0] > 1:
        step(bob, -1)
    assert bob.messages.count() <= 400
    assert bob.numbers() == list(range(1, bob.messages.count() + 1))
    expect(bob.page.locator("#new")).to_have_text("To the newest messages")
    in_room('post(alice, ["line 1201"])')
    while bob.numbers()[-1] < 1201:
        step(bob, 1)
    assert bob.messages.count() <= 400
    numbers = bob.numbers()
    assert numbers == list(range(numbers[0], 1202))
    bob.page.locator("#scroller").evaluate("scroller => scroller.scrollTop = 0")
    expect(bob.page.locator("#new")).to_be_hidden()
    in_room('post(alice, ["line 1202"])')
    expect(bob.message("line 1202")).to_be_in_viewport()


def step(page: RoomPage, direction: int) -> None:
    """Scroll on by a screen, and check that the lines in view stay in place while the page loads."""
    page.page.locator("#scroller").evaluate(
        """async (scroller, direction) => {
            const edge = direction < 0 ? "firstElementChild" : "lastElementChild";
            const list = document.getElementById("messages");
            const before = list[edge];
            scroller.scrollTop += direction * scroller.clientHeight * 4;
            const middle = scroller.getBoundingClientRect();
            const center = [middle.left + middle.width / 2, middle.top + middle.height / 2];
            const read = document.elementFromPoint(...center).closest(".message");
            const top = read?.getBoundingClientRect().top;
            const end = Date.now() + 10_000;
            const above = () => scroller.scrollHeight - scroller.clientHeight + scroller.scrollTop;
            const near = () => direction < 0
                ? above() < 800 && list.firstElementChild.id !== "m1"
                : -scroller.scrollTop < 800 && !document.getElementById("new").hidden;
            if (!near()) return;
            while (list[edge] === before && near()) {
                if (Date.now() > end) throw new Error("nothing was loaded");
                await new Promise((resolve) => setTimeout(resolve, 10));
            }
            await new Promise(requestAnimationFrame);
            if (!read?.isConnected) return;
            const moved = Math.abs(read.getBoundingClientRect().top - top);
            if (moved > 2) throw new Error(`what was read moved by ${moved} pixels`);
        }""",
        direction,
    )


def test_a_message_is_answered_with_a_quote(enter: Rooms, in_room: InRoom) -> None:
    in_room('post(bob, ["> what alice said\\nfirst line\\n**second** line\\n```\\ncode\\n```"])')
    alice = enter("alice")
    alice.field.fill("so be it")
    message = alice.messages.first
    message.hover()
    message.get_by_role("button", name="Reply").click()
    expect(alice.field).to_be_focused()
    expect(alice.field).to_have_value("> first line\n> **second** line\n> code\n@bob so be it")
    alice.field.press("Enter")
    expect(alice.messages.last.locator("blockquote")).to_have_text("first line\nsecond line\ncode")
    expect(alice.messages.last.locator(".mention")).to_have_text("@bob")


def test_on_a_touch_screen_a_tap_shows_what_can_be_done(enter: Rooms, visit: People) -> None:
    alice = enter("alice", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for text in ("one", "two"):
        alice.field.fill(text)
        alice.page.get_by_role("button", name="Send", exact=True).click()
    alice.sees("two", "alice")
    message = alice.message("two")
    actions = message.locator(".meta")
    assert actions.evaluate("actions => getComputedStyle(actions).opacity") == "0"
    message.locator(".text").tap()
    expect(message).to_have_class(re.compile("picked"))
    assert actions.evaluate("actions => getComputedStyle(actions).opacity") == "1"
    message.get_by_role("button", name="Edit").tap()
    expect(alice.page.locator("form.editor textarea")).to_be_focused()
