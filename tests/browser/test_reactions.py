"""Reactions to messages, in the browser."""

from playwright.sync_api import Locator, expect

from tests.browser.conftest import InRoom, Rooms
from tests.browser.network import Network
from tests.browser.room import RoomPage


def react(page: RoomPage, text: str, sign: str) -> None:
    page.message(text).hover()
    page.message(text).get_by_role("button", name="React").click()
    page.message(text).locator(".picker").get_by_role("button", name=sign).click()


def reactions(page: RoomPage, text: str) -> Locator:
    return page.message(text).locator(".reaction")


def test_people_react_to_messages(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    alice.say("it is *done*")
    bob.sees("it is done", "alice")
    react(bob, "it is done", "🎉")
    expect(reactions(alice, "it is done")).to_have_text("🎉1")
    expect(reactions(alice, "it is done")).to_have_attribute("title", "bob")
    expect(reactions(alice, "it is done")).to_have_attribute("aria-pressed", "false")
    expect(alice.messages.locator("em")).to_have_text("done")  # the markup is as before
    reactions(alice, "it is done").click()
    expect(reactions(bob, "it is done")).to_have_text("🎉2")
    react(alice, "it is done", "👍")
    expect(reactions(bob, "it is done")).to_have_text(["🎉2", "👍1"])
    expect(reactions(bob, "it is done").first).to_have_attribute("aria-pressed", "true")
    bob.shows_the_same_as(enter("bob"))
    reactions(bob, "it is done").first.click()
    expect(reactions(alice, "it is done")).to_have_text(["🎉1", "👍1"])
    form = alice.act("it is done", "edit")
    form.locator("textarea").fill("it **is** done")
    form.locator("textarea").press("Enter")
    expect(bob.messages.locator("strong")).to_have_text("is")
    expect(reactions(bob, "it is done")).to_have_text(["🎉1", "👍1"])
    expect(alice.pending).to_have_count(0)
    bob.shows_the_same_as(enter("bob"))
    alice.shows_the_same_as(enter("alice"))


def test_reactions_that_were_missed_come_later(enter: Rooms, network: Network, in_room: InRoom) -> None:
    alice, bob = enter("alice"), enter("bob", proxy=network.proxy)
    alice.say("a message")
    bob.sees("a message", "alice")
    network.cut()
    bob.offline()
    in_room('room.react(alice, 1, "👀"); room.react(bob, 1, "👀"); room.react(alice, 1, "👀", on=False)')
    react(bob, "a message", "🎉")
    expect(bob.pending.locator(".text")).to_have_text(["Reaction: 🎉"])
    network.mend()
    bob.live()
    expect(reactions(alice, "a message")).to_have_text(["👀1", "🎉1"])
    expect(reactions(bob, "a message")).to_have_text(["👀1", "🎉1"])
    expect(bob.pending).to_have_count(0)
    bob.shows_the_same_as(enter("bob"))


def test_the_picker_closes_as_people_expect(enter: Rooms) -> None:
    alice = enter("alice")
    alice.say("a message")
    alice.sees("a message", "alice")
    picker = alice.page.locator(".picker")
    alice.message("a message").hover()
    alice.message("a message").get_by_role("button", name="React").click()
    expect(picker.locator("button").first).to_be_focused()
    alice.page.keyboard.press("Escape")
    expect(picker).to_have_count(0)
    expect(alice.field).to_be_focused()
