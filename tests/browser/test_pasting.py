"""Pasted text: logs become code blocks, and a text that is too long becomes several messages."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Rooms
from tests.browser.room import RoomPage


def paste(alice: RoomPage, text: str) -> None:
    """Paste as a browser does: an event, then the text."""
    alice.field.evaluate(
        """(field, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
            field.focus();
            document.execCommand("insertText", false, text);
        }""",
        text,
    )


def offer(alice: RoomPage) -> Locator:
    return alice.page.locator("#offer")


def test_a_pasted_log_can_become_a_code_block(enter: Rooms) -> None:
    alice = enter("alice")
    alice.field.fill("look: ")
    paste(alice, "one line\nand another")
    expect(offer(alice)).to_be_hidden()
    alice.field.fill("look:\n")
    log = "\n".join(f"line {n} with ``` in it" for n in range(8))
    paste(alice, log)
    expect(offer(alice)).to_contain_text("This looks like a log.")
    field, below = alice.field.bounding_box(), offer(alice).bounding_box()
    assert field and below
    assert below["y"] - (field["y"] + field["height"]) >= 8, "the offer lies under the ring of the focus"
    offer(alice).get_by_role("button", name="Put it in a code block").click()
    expect(offer(alice)).to_be_hidden()
    expect(alice.field).to_be_focused()
    alice.field.press("Enter")
    expect(alice.messages.locator("pre code")).to_have_text(log)
    paste(alice, log)
    offer(alice).get_by_role("button", name="Leave it as it is").click()
    expect(offer(alice)).to_be_hidden()
    expect(alice.field).to_have_value(log)


def test_what_is_too_long_goes_as_several_messages(enter: Rooms) -> None:
    alice = enter("alice")
    lines = [f"{n:04} {'x' * 95}" for n in range(200)]  # 20,000 characters
    paste(alice, "\n".join(lines))
    expect(offer(alice)).to_contain_text("This is too long for one message.")
    offer(alice).get_by_role("button", name="Put it in a code block").click()
    offer(alice).get_by_role("button", name="Send as 3 messages").click()
    expect(alice.field).to_have_value("")
    expect(offer(alice)).to_be_hidden()
    expect(alice.messages.locator("pre code")).to_have_count(3)
    said = "\n".join(alice.messages.locator("pre code").all_text_contents())
    assert said.split("\n") == lines
    paste(alice, "y" * 200_000)
    expect(offer(alice)).to_contain_text("even in 20 messages")
    expect(offer(alice).get_by_role("button", name="Send as")).to_be_hidden()


def test_a_part_that_begins_with_a_slash_is_posted_too(enter: Rooms) -> None:
    alice = enter("alice")
    paste(alice, "y" * 7_990 + "\n/srv is full\n" + "z" * 5_000)
    offer(alice).get_by_role("button", name="Send as 2 messages").click()
    expect(alice.messages.locator(".text")).to_have_text([re.compile("^y+$"), re.compile("^/srv is full\nz+$")])
    expect(alice.page.locator("#refusal")).to_be_hidden()
    expect(alice.field).to_have_value("")
