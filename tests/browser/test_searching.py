"""Search as people use it, on the real stack."""

import uuid

from playwright.sync_api import expect

from tests.browser.conftest import Rooms


def test_what_was_said_is_found_at_once_and_leads_to_its_place(enter: Rooms, room_name: str) -> None:
    word = f"иголка{uuid.uuid4().hex[:6]}"
    bob = enter("bob")
    for text in ("before it", f"the {word} <i>is</i> here", "after it"):
        bob.say(text)
        bob.sees(text, "bob")
    page = enter("alice").page
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Name of a room").fill(word[:-2].upper())
    page.get_by_role("option", name="Search messages for").click()
    hit = page.locator(".found li")
    expect(hit).to_have_count(1)
    expect(hit.locator("mark")).to_have_text(word[:-2])
    for text in ("before it", "<i>is</i>", "after it", room_name):
        expect(hit).to_contain_text(text)
    page.get_by_label("Said by").fill("alice")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text("Nothing was found.")).to_be_visible()
    page.get_by_label("Said by").fill("bob")
    page.get_by_label("In the room").fill(room_name)
    page.get_by_role("button", name="Search", exact=True).click()
    hit.get_by_role("link").click()
    expect(page.locator(".message.target")).to_contain_text(word)
