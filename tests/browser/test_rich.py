"""The looks of messages: Markdown, code with its buttons, mentions, long ones."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import InRoom, Rooms

LOG = "```sh\n\x1b[31mFAILED\x1b[0m <b>" + "x" * 300 + "\n```"


def test_a_message_looks_the_same_live_and_loaded(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    written = ["**bold** `code`\n- one\n- two", "> he said\nhi @bob and @charlie :tada:", LOG, "line\n" * 40, "plain"]
    for text in written:
        alice.field.fill(text)
        alice.page.get_by_role("button", name="Send", exact=True).click()
    expect(bob.messages).to_have_count(len(written))
    rich = bob.messages.nth(0).locator(".rich")
    expect(rich.locator("strong")).to_have_text("bold")
    expect(rich.locator("li")).to_have_text(["one", "two"])
    expect(bob.messages.nth(1).locator("blockquote")).to_have_text("he said")
    expect(bob.messages.nth(1).locator(".mention.me")).to_have_text("@bob")
    expect(bob.messages.nth(1)).to_contain_text("🎉")
    expect(bob.messages.nth(2).locator(".ansi-ink-1")).to_have_text("FAILED")
    bob.shows_the_same_as(enter("bob"))

    form = alice.act("plain", "edit")
    form.locator("textarea").fill("now *rich*")
    form.locator("textarea").press("Enter")
    expect(bob.messages.last.locator("em")).to_have_text("rich")
    alice.field.press("ArrowUp")  # the editor holds the source
    expect(alice.page.locator("form.editor textarea")).to_have_value("now *rich*")
    alice.page.locator("form.editor textarea").fill("plain again")
    alice.page.locator("form.editor textarea").press("Enter")
    bob.sees("plain again", "alice")
    expect(alice.pending).to_have_count(0)
    bob.shows_the_same_as(enter("bob"))


def test_code_is_copied_and_wrapped(enter: Rooms) -> None:
    alice = enter("alice", permissions=["clipboard-read", "clipboard-write"])
    alice.field.fill(LOG)
    alice.page.get_by_role("button", name="Send", exact=True).click()
    block = alice.messages.locator(".block")
    expect(block.locator(".language")).to_have_text("sh")
    block.hover()
    block.get_by_role("button", name="Copy").click()
    expect(block.get_by_role("button", name="Copied")).to_be_visible()
    assert alice.page.evaluate("navigator.clipboard.readText()") == "FAILED <b>" + "x" * 300
    code = block.locator("pre")
    assert code.evaluate("pre => pre.scrollWidth > pre.clientWidth")
    block.get_by_role("button", name="Wrap").click()
    expect(block.get_by_role("button", name="Wrap")).to_have_attribute("aria-pressed", "true")
    assert code.evaluate("pre => pre.scrollWidth <= pre.clientWidth")


def test_code_is_copied_on_plain_http(enter: Rooms) -> None:
    """Scripts have a clipboard only in secure contexts."""
    alice = enter("alice", permissions=["clipboard-read"])
    alice.say("```\nto be copied\n```")
    read = alice.page.evaluate_handle("() => navigator.clipboard")
    alice.page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    block = alice.messages.locator(".block")
    block.hover()
    block.get_by_role("button", name="Copy").click()
    expect(block.get_by_role("button", name="Copied")).to_be_visible()
    assert read.evaluate("clipboard => clipboard.readText()") == "to be copied"


def test_a_long_message_is_folded(enter: Rooms, in_room: InRoom) -> None:
    in_room('post(alice, [f"before {n}" for n in range(30)] + ["\\n".join(map(str, range(100)))])')
    in_room('post(alice, ["the last one"])')
    bob = enter("bob")
    long = bob.messages.filter(has=bob.page.locator(".long"))
    expect(long).to_have_count(1)
    box = long.bounding_box()
    assert box and box["height"] < 400
    unfold = long.get_by_role("button", name="Show all of it")
    unfold.click()
    unfolded = long.bounding_box()
    assert unfolded and unfolded["height"] > 2000
    assert abs(unfolded["y"] - box["y"]) < 2  # it grows downwards, under the reader's eyes
    fold = long.get_by_role("button", name="Show less")
    expect(fold).to_have_attribute("aria-expanded", "true")
    fold.click()
    folded = long.bounding_box()
    assert folded and folded["height"] < 400


def test_without_a_script_nothing_is_folded_away(enter: Rooms, in_room: InRoom, visit: object) -> None:
    in_room('post(alice, ["\\n".join(map(str, range(100))) + "\\n**the end**"])')
    address = enter("alice").address
    page = visit("bob", java_script_enabled=False)  # type: ignore[operator]
    page.goto(address)
    expect(page.get_by_text("the end")).to_be_in_viewport()


def test_links_say_where_they_lead_and_give_nothing_away(enter: Rooms) -> None:
    alice = enter("alice")
    alice.say("[my bank](https://evil.example/) https://example.org/a?b=c#d, javascript:alert(1)")
    links = alice.messages.locator(".text a")
    expect(links).to_have_count(2)
    expect(links.first).to_have_attribute("title", "https://evil.example/")
    expect(links.nth(1)).to_have_attribute("href", "https://example.org/a?b=c#d")
    for link in links.all():
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow ugc")
        expect(link).to_have_attribute("target", "_blank")
    assert not re.search("javascript:", "".join(link.get_attribute("href") or "" for link in links.all()))
