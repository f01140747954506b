"""A one-time link in a real browser: the code leaves the address bar, and nothing but the form carries it."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect, sync_playwright

if TYPE_CHECKING:
    from tests.system.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.system, pytest.mark.timeout(300)]


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def scripted(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def page(scripted: bool) -> Iterator[Page]:
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(java_script_enabled=scripted)
        page.set_default_timeout(15_000)
        yield page
        browser.close()


def test_a_new_person_comes_in_by_link_and_may_skip_the_password(stack: "Stack", page: Page, scripted: bool) -> None:
    name = "dora" if scripted else "erin"
    link = stack.manage("adduser", name).strip()
    code = link.partition("#")[2]
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)

    page.goto(link)
    field = page.locator("input[name=code]")
    if scripted:
        expect(field).to_have_value(code)
        expect(page).to_have_url(f"{stack.url}/sign-in/link/")
    else:
        field.fill(link)
    page.locator("main button[type=submit]").click()

    page.wait_for_url(f"{stack.url}/password/")
    page.get_by_role("link", name="Not now").click()
    page.wait_for_url(f"{stack.url}/chat/")
    expect(page.locator("#side")).to_contain_text(name)
    assert not errors
    token = code.partition(".")[2]
    assert not [url for url in asked if token in url.partition("#")[0]]
    for log in ("nginx.access", "web", "nginx"):
        assert token not in stack.log(log)
