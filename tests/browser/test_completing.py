"""Names and emoji are completed while one writes."""

from playwright.sync_api import expect

from tests.browser.conftest import Rooms


def test_names_are_completed(enter: Rooms) -> None:
    alice, _ = enter("alice"), enter("bob")
    alice.open()  # bob is known by now
    options = alice.page.locator("#completions li")
    alice.field.press_sequentially("hi @b")
    expect(options.filter(has_text="bob").first).to_be_visible()
    expect(alice.field).to_have_attribute("aria-activedescendant", "completion-0")
    alice.field.press_sequentially("ob")
    alice.field.press("Enter")  # takes it, and sends nothing
    expect(alice.field).to_have_value("hi @bob ")
    expect(options).to_have_count(0)
    expect(alice.pending).to_have_count(0)
    alice.field.press_sequentially("@her")
    alice.field.press("Tab")
    expect(alice.field).to_have_value("hi @bob @here ")
    alice.field.press_sequentially("a@b")  # an address
    expect(options).to_have_count(0)
    alice.field.press("Enter")
    expect(alice.messages.locator(".mention")).to_have_text(["@bob", "@here"])


def test_names_are_completed_in_text_without_spaces(enter: Rooms) -> None:
    alice, _ = enter("alice"), enter("bob")
    alice.open()
    options = alice.page.locator("#completions li")
    for text in ("请@bo", "，@bo", "@alice/@bo"):
        alice.field.fill("")
        alice.field.press_sequentially(text)
        expect(options.filter(has_text="bob").first).to_be_visible()
        alice.field.press("Tab")
        expect(alice.field).to_have_value(f"{text}b ")
    alice.field.press_sequentially("mail bob@")
    expect(options).to_have_count(0)
    alice.field.fill("请@bob看一下")
    alice.field.press("Enter")
    expect(alice.messages.locator(".mention")).to_have_text(["@bob"])


def test_rooms_are_completed_and_become_links(enter: Rooms) -> None:
    alice = enter("alice")
    options = alice.page.locator("#completions li")
    name = alice.page.locator('a.place[aria-current="page"] .name').inner_text()
    for text in ("see #", "看#"):
        alice.field.fill("")
        alice.field.press_sequentially(text + name.split()[-1])  # which no other room has
        expect(options.filter(has_text=name).first).to_be_visible()
        alice.field.press("Tab")
        expect(alice.field).to_have_value(f"{text}{name} ")
    alice.field.press_sequentially("C#")
    expect(options).to_have_count(0)
    alice.field.press("Enter")
    link = alice.messages.locator("a.reference")
    expect(link).to_have_text(f"#{name}")
    link.click()
    expect(alice.page.locator('a.place[aria-current="page"] .name')).to_have_text(name)


def test_emoji_are_completed(enter: Rooms) -> None:
    alice = enter("alice")
    options = alice.page.locator("#completions li")
    alice.field.press_sequentially("at 12:30 :)")
    expect(options).to_have_count(0)
    alice.field.fill("")
    alice.field.press_sequentially(":tad")
    expect(options.first).to_have_text("🎉tada")
    options.first.click()
    expect(alice.field).to_have_value(":tada: ")
    expect(alice.field).to_be_focused()
    alice.field.press_sequentially(":rocke")
    expect(options).to_have_count(1)
    alice.field.press("Escape")
    expect(options).to_have_count(0)
    alice.field.press("Enter")
    expect(alice.messages.locator(".text")).to_have_text("🎉 :rocke")


def test_arrows_choose_and_do_not_edit(enter: Rooms) -> None:
    alice = enter("alice")
    alice.say("mine")
    alice.sees("mine", "alice")
    alice.field.press_sequentially(":heart")
    options = alice.page.locator("#completions li")
    expect(options.first).to_have_attribute("aria-selected", "true")
    alice.field.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    alice.field.press("ArrowUp")
    alice.field.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    expect(alice.page.locator("form.editor")).to_have_count(0)


def test_completion_comes_when_the_network_is_back(enter: Rooms) -> None:
    """A browser remembers a failed import of an address for the life of the page: a retry asks for another address."""
    alice, _ = enter("alice"), enter("bob")
    alice.open()
    alice.page.route("**/complete.*.js*", lambda route: route.abort())
    with alice.page.expect_event("requestfailed"):
        alice.field.press_sequentially("@b")
    expect(alice.page.locator("#completions li")).to_have_count(0)
    alice.page.unroute("**/complete.*.js*")
    alice.field.press_sequentially("o")
    expect(alice.page.locator("#completions li").first).to_have_text("bob")
