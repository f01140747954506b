"""A message reaches the room once, through every fault between its writing and its acknowledgement."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import InRoom, Rooms
from tests.browser.network import Network
from tests.browser.room import RoomPage
from tests.system.stack import Stack


def test_what_is_written_offline_survives_a_reload_and_is_sent_once(
    enter: Rooms, network: Network, stack: Stack
) -> None:
    alice, bob = enter("alice"), enter("bob", proxy=network.proxy)
    network.cut()
    bob.offline()
    bob.say("written offline")
    bob.say("and this after it")
    expect(bob.pending).to_have_count(2)
    expect(bob.pending.first.locator(".state")).to_have_text("Waiting for the connection")
    expect(bob.pending.locator(".author")).to_have_text(["bob", "bob"])
    expect(bob.pending.first).not_to_have_class(re.compile("grouped"))
    heights = [item.bounding_box()["height"] for item in bob.pending.all()]  # type: ignore[index]
    assert heights[1] < heights[0] * 0.75, "the second one has a head of its own"

    stack.supervisorctl("stop", "interface:*")  # pages load, sockets do not open
    network.mend()
    try:
        bob.page.goto(bob.address)
        bob.offline()
        expect(bob.pending.locator(".text")).to_have_text(["written offline", "and this after it"])
        expect(alice.messages).to_have_count(0)
    finally:
        stack.supervisorctl("start", "interface:*")

    alice.live()
    bob.live()
    expect(bob.pending).to_have_count(0)
    expect(alice.messages.locator(".text")).to_have_text(["written offline", "and this after it"])
    bob.page.reload()
    bob.live()
    expect(bob.messages).to_have_count(2)
    assert alice.numbers() == bob.numbers() == [1, 2]


def test_an_acknowledgement_that_got_lost_doubles_nothing(enter: Rooms, network: Network) -> None:
    """The server stored it, and the network went before the browser heard of it."""
    alice, bob = enter("alice"), enter("bob", proxy=network.proxy)
    network.deaf()
    bob.say("said once")
    alice.sees("said once", "bob")
    expect(bob.pending).to_have_count(1)
    network.cut()
    network.mend()
    bob.sees("said once", "bob")
    expect(bob.pending).to_have_count(0)
    bob.say("and on")
    alice.sees("and on", "bob")
    bob.sees("and on", "bob")
    assert alice.numbers() == bob.numbers() == [1, 2]


def test_what_is_sent_is_shown_before_the_next_frame_is_painted(enter: Rooms) -> None:
    alice = enter("alice")
    alice.page.locator("#composer textarea").fill("at once")
    shown = alice.page.evaluate(
        """() => {
            const key = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
            document.querySelector("#composer textarea").dispatchEvent(key);
            return document.querySelector("#pending .text")?.textContent;
        }"""
    )
    assert shown == "at once"
    alice.sees("at once", "alice")


def test_two_tabs_show_one_outbox(enter: Rooms, network: Network) -> None:
    first = enter("bob", proxy=network.proxy)
    second = RoomPage(first.page.context.new_page(), "", "")
    second.page.goto(first.address)
    second.live()
    network.cut()
    first.offline()
    second.offline()
    first.say("from the first tab")
    expect(second.pending.locator(".text")).to_have_text(["from the first tab"])
    second.say("from the second tab")
    expect(first.pending).to_have_count(2)
    network.mend()
    for tab in (first, second):
        tab.live()
        expect(tab.pending).to_have_count(0)
        expect(tab.messages).to_have_count(2)
    first.shows_the_same_as(second)


def test_another_tab_sends_what_a_closed_one_left(enter: Rooms, network: Network) -> None:
    alice, first = enter("alice"), enter("bob", proxy=network.proxy)
    second = RoomPage(first.page.context.new_page(), "", "")
    second.page.goto(first.address)
    second.live()
    network.cut()
    first.offline()
    first.say("left behind")
    expect(second.pending).to_have_count(1)
    first.page.close()
    network.mend()
    expect(alice.messages).to_have_count(1, timeout=40_000)
    second.live()
    expect(second.pending).to_have_count(0)
    expect(second.messages).to_have_count(1)


def test_a_long_outbox_goes_out_in_order_and_is_not_too_fast(enter: Rooms, network: Network) -> None:
    alice, bob = enter("alice"), enter("bob", proxy=network.proxy)
    network.cut()
    bob.offline()
    texts = [f"kept {number}" for number in range(80)]  # more than the server takes at once
    for text in texts:
        bob.say(text)
    network.mend()
    expect(alice.messages).to_have_count(80, timeout=60_000)
    expect(alice.messages.locator(".text")).to_have_text(texts)
    expect(bob.status).to_have_attribute("data-state", "live")
    expect(bob.pending).to_have_count(0)


def test_what_the_server_refuses_says_why_and_can_be_discarded(enter: Rooms) -> None:
    alice = enter("alice")
    alice.say("\u200b\u2060")  # something, and nothing to see
    expect(alice.pending.locator(".state")).to_have_text("Not sent: There is nothing to read in it.")
    alice.page.reload()
    alice.live()
    expect(alice.pending.locator(".state")).to_have_text("Not sent: There is nothing to read in it.")
    alice.pending.get_by_role("button", name="Retry").click()
    expect(alice.pending.locator(".state")).to_have_text("Not sent: There is nothing to read in it.")
    alice.say("the next one passes it")
    alice.sees("the next one passes it", "alice")
    alice.pending.get_by_role("button", name="Discard").click()
    expect(alice.pending).to_have_count(0)
    alice.page.reload()
    alice.live()
    expect(alice.pending).to_have_count(0)


def test_an_edit_made_offline_arrives(enter: Rooms, network: Network) -> None:
    alice, bob = enter("alice"), enter("bob", proxy=network.proxy)
    bob.say("befoer")
    alice.sees("befoer", "bob")
    network.cut()
    bob.offline()
    form = bob.act("befoer", "edit")
    form.locator("textarea").fill("before")
    form.locator("textarea").press("Enter")
    expect(bob.pending.locator(".text")).to_have_text("Edit: before")
    network.mend()
    alice.sees("before", "bob")
    bob.sees("before", "bob")
    expect(bob.pending).to_have_count(0)
    bob.shows_the_same_as(enter("bob"))


def test_a_server_that_restarts_loses_nothing(enter: Rooms, stack: Stack, in_room: InRoom) -> None:
    alice, bob = enter("alice"), enter("bob")
    stack.supervisorctl("stop", "worker-chat")
    try:
        alice.say("while the worker is away")
        expect(alice.pending).to_have_count(1)
    finally:
        stack.supervisorctl("start", "worker-chat")
    bob.sees("while the worker is away", "alice")
    expect(alice.pending).to_have_count(0, timeout=40_000)
    alice.sees("while the worker is away", "alice")
    assert alice.numbers() == bob.numbers() == [1]
