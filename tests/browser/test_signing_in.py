"""Coming in and going out, through the real pages."""

import re
import uuid

from playwright.sync_api import expect

from tests.browser.conftest import People, Rooms
from tests.browser.network import Network
from tests.browser.room import RoomPage
from tests.system.stack import Stack


def test_first_by_link_then_by_password(visit: People, stack: Stack) -> None:
    name = f"carol{uuid.uuid4().hex[:6]}"
    found = re.search(r"https?://\S+", stack.manage("adduser", name))
    assert found
    page = visit()
    page.goto(found[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a password")
    password = "quite a long passphrase"
    page.get_by_label("New password", exact=True).fill(password)
    page.get_by_label("confirmation").fill(password)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Your password is set.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rooms")

    page.locator(".who summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(f"{stack.url}/chat/lobby/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("something else entirely")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".errorlist")).to_be_visible()
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    room = RoomPage(page, stack.url, "lobby")
    room.live()  # where one wanted to go
    expect(page.get_by_role("heading", level=1)).to_have_text("lobby")

    page.goto(found[0])
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Choose a password")


def test_a_page_whose_person_signed_out_says_so_and_keeps_what_was_written(
    enter: Rooms, network: Network, stack: Stack
) -> None:
    dave = enter("dave", proxy=network.proxy)
    other = dave.page.context.new_page()
    other.goto(f"{stack.url}/chat/")
    other.locator(".who summary").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Sign in")
    network.cut()
    network.mend()
    signed_out = "You are signed out. Sign in again to go on; what you wrote is kept."
    expect(dave.page.locator("#connection")).to_have_text(signed_out, timeout=40_000)
    dave.say("written when signed out")
    expect(dave.pending.locator(".state")).to_have_text("Waiting for the connection")
    sign_in = dave.page.locator("#sign-in")
    expect(sign_in).to_be_visible()
    expect(sign_in).to_have_attribute("href", re.compile(r"^/sign-in/\?next=%2Fchat%2F"))


def test_a_page_of_somebody_else_sends_nothing(enter: Rooms, stack: Stack) -> None:
    """Bob signs in in a browser in which a page of Alice's is still open."""
    alice = enter("alice")
    cookie, _, value = stack.sign_in("bob").partition("=")
    alice.page.context.add_cookies([{"name": cookie, "value": value, "url": stack.url}])
    stack.supervisorctl("restart", "interface:*")
    expect(alice.page.locator("#connection")).to_contain_text("You are now signed in as bob.", timeout=40_000)
    alice.say("this is not bob's")
    expect(alice.pending.locator(".state")).to_have_text("Waiting for the connection")
    alice.page.get_by_role("link", name="Reload the page").click()
    alice.live()
    expect(alice.pending).to_have_count(0)
    expect(alice.messages).to_have_count(0)
