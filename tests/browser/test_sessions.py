"""A person's sessions in real browsers: told of a new device at once, and signed out there within seconds."""

import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import People
from tests.browser.test_accessible import faults
from tests.system.stack import Stack

PASSWORD = "quite a long passphrase"
PERSON = "from proj.accounts.models import User; User.objects.create_user({name!r}, password={password!r})"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"
LINE = "A new device has signed in as you: Safari on iOS, 127.0.0.1."


@pytest.fixture
def erin(stack: Stack) -> str:
    name = f"erin{uuid.uuid4().hex[:6]}"
    stack.manage("shell", "-c", PERSON.format(name=name, password=PASSWORD))
    return name


def sign_in(page: Page, stack: Stack, name: str, then: str = "/settings/") -> Page:
    page.goto(f"{stack.url}/sign-in/?next={then}")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{then}")
    return page


def test_a_new_device_is_told_and_signed_out_from_here(visit: People, stack: Stack, erin: str) -> None:
    here = sign_in(visit(), stack, erin)
    room = here.context.new_page()
    room.goto(f"{stack.url}/chat/{erin}/")
    for page in (here, room):
        expect(page.locator("#status")).to_have_attribute("data-state", "live")
    there = sign_in(visit(user_agent=PHONE), stack, erin)
    expect(there.locator("#status")).to_have_attribute("data-state", "live")
    for page in (here, room):
        expect(page.locator(".notices")).to_contain_text(LINE)
    expect(there.locator(".notices")).to_have_count(0)
    assert faults(here) == []

    room.locator(".notices").get_by_role("link", name="Your sessions").click()
    entry = room.locator(".entry", has_text="Safari on iOS")
    expect(room.locator(".entry", has_text="this one")).to_contain_text("Chrome")
    assert faults(room) == []
    entry.get_by_role("link", name="Sign out").click()
    room.get_by_role("button", name="Sign out there").click()
    expect(room.locator(".entry")).to_have_count(1)
    expect(there.locator("#connection")).to_contain_text("You are signed out.")
    expect(here.locator("#status")).to_have_attribute("data-state", "live")
