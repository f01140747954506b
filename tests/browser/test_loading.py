"""The files of a page: a browser asks for each once, until it changes."""

from collections import Counter

from playwright.sync_api import Page, expect

from tests.browser.conftest import Rooms

HASHED = r"\.[0-9a-f]{12}\.(js|css|svg)(\?|$)"


def test_a_room_that_is_opened_again_asks_for_no_file(enter: Rooms) -> None:
    alice = enter("alice")
    page = alice.page
    page.wait_for_load_state("networkidle")
    statuses = network(page)
    alice.open()
    page.wait_for_load_state("networkidle")
    assert statuses[304] == 0
    assert not files(page, f"entry.transferSize > 0 && !/{HASHED}/.test(entry.name)")
    assert len(files(page, "entry.name.includes('.js')")) > 40
    assert not files(page, "entry.transferSize > 0"), "all came from the browser's cache"


def test_a_page_preloads_every_module_that_loads_with_it(enter: Rooms) -> None:
    page = enter("alice").page
    page.wait_for_load_state("networkidle")
    named = "[...document.querySelectorAll('script[src], link[rel=modulepreload]')].map((one) => one.src || one.href)"
    first = set(page.evaluate(named))
    loaded = set(files(page, "entry.name.includes('.js')"))
    assert first <= loaded
    later = {name.rsplit("/", 1)[1].split(".")[0] for name in loaded - first}
    assert later <= {"places", "notification", "changes", "cards", "run_words"}, "modules that come on request"


def test_ctrl_k_comes_from_a_hashed_module_and_a_retry_of_it(enter: Rooms) -> None:
    alice = enter("alice")
    page = alice.page
    page.route("**/places.*.js", lambda route: route.abort())
    alice.open()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+k")  # the second try, at another address
    expect(page.get_by_role("option").first).to_be_visible()
    (retried,) = files(page, "entry.name.includes('places') && entry.responseStatus === 200")
    assert "?retry=1" in retried


def network(page: Page) -> Counter[int]:
    """Count the answers that come over the network from now on, by status."""
    statuses: Counter[int] = Counter()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.responseReceivedExtraInfo", lambda event: statuses.update([event["statusCode"]]))
    return statuses


def files(page: Page, condition: str) -> list[str]:
    """Return the addresses of the static files that the page has loaded and that fulfil the condition."""
    entries = "performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/static/'))"
    found: list[str] = page.evaluate(f"{entries}.filter((entry) => {condition}).map((entry) => entry.name)")
    return found
