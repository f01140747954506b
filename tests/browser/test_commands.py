"""Texts that begin with a slash: commands, mistyped commands, and messages."""

from playwright.sync_api import expect

from tests.browser.conftest import Rooms

UNKNOWN = "There is no command /{}. Commands are /run, /cancel and /help."


def test_a_slash_lists_the_commands(enter: Rooms) -> None:
    alice = enter("alice")
    options = alice.page.get_by_role("option")
    alice.field.press_sequentially("/")
    expect(options).to_have_text(["/runstart a service here", "/cancelend a run", "/helplist the commands"])
    alice.field.press_sequentially("c")
    expect(options).to_have_text(["/cancelend a run"])
    alice.field.press("Enter")
    expect(alice.field).to_have_value("/cancel ")
    alice.field.fill("/help")
    alice.field.press("Enter")
    expect(alice.field).to_have_value("/")
    expect(options).to_have_count(3)
    alice.field.fill("not /a command")
    expect(options).to_have_count(0)


def test_an_unknown_command_is_refused_and_kept_and_can_be_posted(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    refusal, post = alice.page.locator("#refusal"), alice.page.get_by_role("button", name="Post it as it is")
    alice.say("/rnu web")
    expect(refusal).to_have_text(UNKNOWN.format("rnu"))
    expect(alice.field).to_have_value("/rnu web")
    expect(post).to_be_visible()
    alice.field.press("End")
    alice.field.press_sequentially("1")
    expect(refusal).to_be_hidden()
    expect(post).to_be_hidden()
    alice.say("/srv is full")
    expect(refusal).to_have_text(UNKNOWN.format("srv"))
    post.click()
    bob.sees("/srv is full", "alice")
    expect(alice.field).to_have_value("")
    expect(alice.field).to_be_focused()
    expect(refusal).to_be_hidden()
    expect(bob.messages).to_have_count(1)


def test_paths_and_doubled_slashes_are_messages(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    said = {
        "/etc/nginx/nginx.conf is wrong": "/etc/nginx/nginx.conf is wrong",
        "//help is a word": "/help is a word",
        "// a comment": "// a comment",
        "/2 of it": "/2 of it",
    }
    for text, seen in said.items():
        alice.say(text)
        bob.sees(seen, "alice")
