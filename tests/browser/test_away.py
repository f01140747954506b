"""Pages that show nothing live say when they may be out of date, and catch up when the connection is back."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import InRoom, People
from tests.browser.network import Network
from tests.system.stack import Stack

AWAY = "No connection to the server: this page may be out of date."
OVER = "It is over: the log is complete."


def in_time(page: Page) -> bool:
    """Whether the page shows no trouble."""
    found: bool = page.evaluate("!document.getElementById('status').dataset.tone")
    return found


def test_lists_say_that_they_may_be_out_of_date_and_catch_up(
    stack: Stack, visit: People, network: Network, in_room: InRoom, room_name: str, tmp_path: Path
) -> None:
    stack.manage("loadservices", "tests/browser/services.toml")
    ended = f"/runs/{stack.manage('run', 'deploy', 'version=1').strip()}/"
    in_room("post(alice, ['hello'])")
    first = visit("alice", proxy=network.proxy)
    pages = {
        place: first.context.new_page() for place in ("/runs/", "/services/", "/services/deploy/", ended, "/chat/")
    }
    for place, page in pages.items():
        page.goto(f"{stack.url}{place}")
        expect(page.locator("#status")).to_have_attribute("data-state", "over" if place == ended else "live")
    network.cut()
    assert all(in_time(page) for page in pages.values()), "a short trouble is not shown"
    for page in pages.values():
        expect(page.locator("#connection")).to_have_text(AWAY)
        expect(page.locator("#status")).to_be_in_viewport(ratio=1)
        expect(page.locator("#status")).to_have_attribute("data-tone", "warn")
        expect(page.locator("#announced")).to_have_text(AWAY)
    run = stack.manage("run", "deploy", "version=9", f"go_on={tmp_path / 'never'}").strip()
    in_room("post(bob, ['one', 'two'])")
    network.mend()
    for place, page in pages.items():
        page.evaluate("dispatchEvent(new Event('online'))")  # instead of waiting for the next try
        expect(page.locator("#status")).to_have_attribute("data-state", "over" if place == ended else "live")
        expect(page.locator("#connection")).to_have_text(OVER if place == ended else "Live")
        assert in_time(page)
        expect(page.locator(f'#side-rooms [data-unread="2"]:has-text("{room_name}")')).to_have_count(1)
    for place in ("/runs/", "/services/", "/services/deploy/"):
        expect(pages[place].locator(f'#fresh [href="/runs/{run}/"]').first).to_be_visible()
        expect(pages[place].locator("#status")).to_be_hidden()
    stack.manage("run", "--cancel", run)


def test_a_list_that_cannot_be_refreshed_says_so(stack: Stack, visit: People) -> None:
    page = visit("alice")
    page.goto(f"{stack.url}/runs/")
    expect(page.locator("#status")).to_have_attribute("data-state", "live")
    page.route("**/runs/", lambda route: route.abort())
    expect(page.locator("#connection")).to_have_text("The server does not answer: this page may be out of date.")
    expect(page.locator("#status")).to_be_visible()
    page.unroute("**/runs/")
    expect(page.locator("#status")).to_be_hidden()
