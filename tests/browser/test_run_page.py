"""The small parts of the pages of runs and services: search, line numbers, paper, forced colours, a busy service."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import InRoom, People, Rooms
from tests.system.stack import Stack


@pytest.fixture
def many(stack: Stack, visit: People) -> Page:
    """The page of a run with 3,000 lines, complete."""
    stack.manage("loadservices", "tests/browser/services.toml")
    page = visit("alice")
    page.goto(f"{stack.url}/runs/{stack.manage('run', 'numbers').strip()}/")
    expect(page.locator("#status")).to_have_attribute("data-state", "over", timeout=40_000)
    return page


def width(page: Page, place: str) -> float:
    box = page.locator(place).bounding_box()
    assert box
    return box["width"]


def test_a_found_line_differs_from_the_others_and_the_field_keeps_its_width(many: Page) -> None:
    field = "#search input"
    before = width(many, field)
    many.fill(field, "number 299")
    expect(many.locator("#search .found")).to_have_text(re.compile(r"^\d+ of 11$"))
    assert width(many, field) == before
    many.wait_for_function("() => CSS.highlights.get('found-now')?.size === 1")
    assert many.evaluate("() => CSS.highlights.get('found').size") > 1
    colours = [
        many.locator("#L2990 .said").evaluate(
            f"(line) => getComputedStyle(line, '::highlight({name})').backgroundColor"
        )
        for name in ("found", "found-now")
    ]
    assert len(set(colours)) == 2
    many.fill(field, "nowhere")
    expect(many.locator("#search .found")).to_have_text("Not found")
    assert width(many, field) == before


def test_line_numbers_are_one_tab_stop_with_arrow_keys(many: Page) -> None:
    assert many.locator("#lines .at").first.evaluate("link => link.getBoundingClientRect().height") >= 24
    expect(many.locator("#lines .at[tabindex='0']")).to_have_count(1)
    many.locator("#scroller").focus()
    many.keyboard.press("Tab")
    focused = many.locator("#lines .at:focus")
    first = int(focused.get_attribute("data-line") or 0)
    assert first
    for _ in range(3):
        many.keyboard.press("ArrowUp")
    expect(focused).to_have_attribute("data-line", str(first - 3))
    expect(focused).to_be_in_viewport()
    many.keyboard.press("Enter")
    expect(many.locator(f"#L{first - 3}.marked")).to_be_visible()
    many.keyboard.press("Tab")
    expect(many.locator("#lines :focus")).to_have_count(0)


def test_on_paper_the_log_flows_over_pages_without_buttons(many: Page) -> None:
    shown = many.locator("#lines li").count()
    many.emulate_media(media="print")
    many.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert many.locator("#lines li").count() > max(shown, 500)
    assert many.locator("#lines").bounding_box()["height"] > 500 * 20  # type: ignore[index]
    for hidden in ("#search", "#again", "#side", "#status", "#new"):
        expect(many.locator(hidden)).to_be_hidden()
    assert many.pdf().count(b"/Type /Page") > 5
    many.emulate_media(media="screen")
    many.evaluate("() => dispatchEvent(new Event('afterprint'))")
    expect(many.locator("#lines li")).to_have_count(shown)


def test_on_paper_a_room_flows_over_pages_without_buttons(enter: Rooms, in_room: InRoom, tmp_path: Path) -> None:
    in_room("post(alice, [f'message {n}' for n in range(48)] + ['```\\n' + 'long ' * 90 + '\\n' * 60 + '```'])")
    in_room("post(bob, ['@alice the last word'])")
    page = enter("alice").page
    pages = _pages(page.pdf(path=tmp_path / "room.pdf"))
    page.emulate_media(media="print", color_scheme="dark")
    for hidden in ("#composer", "#side", "#people", "#status", "#new", ".bar .menu"):
        expect(page.locator(hidden)).to_be_hidden()
    assert page.get_by_role("button").all() == []
    assert page.get_by_role("heading", level=1).is_visible()
    last, code = page.locator("#messages .message").nth(-1), page.locator("#messages pre")
    assert last.locator(".author").is_visible()
    assert code.evaluate("pre => pre.scrollWidth <= pre.clientWidth"), "a long line of code is cut"
    text = page.locator("#messages .text.long")
    assert text.evaluate("text => text.scrollHeight <= text.clientHeight + 1"), "a long message is cut"
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height > 48 * 30
    assert pages >= height // 1_300, "messages are missing on paper"
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


def _pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def test_progress_of_a_card_is_seen_with_forced_colours(
    stack: Stack, enter: Rooms, tmp_path: Path, room_name: str
) -> None:
    stack.manage("loadservices", "tests/browser/services.toml")
    room = enter("alice", forced_colors="active")
    room.say(f"/run deploy version=1 go_on={tmp_path / 'never'}")
    bar = room.page.locator(".run-progress progress")
    expect(bar).to_have_js_property("value", 40)
    assert bar.evaluate("bar => getComputedStyle(bar).borderTopWidth") == "1px"
    room.say("/cancel deploy")


def test_progress_is_seen_with_forced_colours(stack: Stack, visit: People, tmp_path: Path) -> None:
    stack.manage("loadservices", "tests/browser/services.toml")
    run = stack.manage("run", "deploy", "version=1", f"go_on={tmp_path / 'never'}").strip()
    page = visit("alice", forced_colors="active")
    page.goto(f"{stack.url}/runs/{run}/")
    bar = page.locator("#progress progress")
    expect(bar).to_have_js_property("value", 40)
    assert bar.evaluate("bar => getComputedStyle(bar).borderTopWidth") == "1px"
    stack.manage("run", "--cancel", run)


def test_run_is_disabled_while_a_service_refuses_and_comes_back_by_itself(
    stack: Stack, visit: People, tmp_path: Path
) -> None:
    stack.manage("loadservices", "tests/browser/services.toml")
    page = visit("bob")
    page.goto(f"{stack.url}/services/once/")
    button = page.locator("#start").get_by_role("button", name="Run", exact=True)
    expect(button).to_be_enabled()
    page.locator("[name=p-file]").fill("kept")
    run = stack.manage("run", "once", f"file={tmp_path / 'gate'}").strip()
    expect(button).to_be_disabled()
    expect(button).to_have_accessible_description(re.compile("Another one can be started when it has ended."))
    (tmp_path / "gate").touch()
    expect(button).to_be_enabled()
    expect(page.locator("#busy")).to_be_empty()
    expect(page.locator("[name=p-file]")).to_have_value("kept")
    assert run


def test_signing_out_says_so(stack: Stack, visit: People) -> None:
    page = visit("charlie")
    page.goto(f"{stack.url}/chat/")
    page.locator(".who summary").click()
    page.get_by_role("button", name="Sign out").click()
    stack.forget_people()  # this session has ended
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def test_a_chosen_filter_acts_at_once(stack: Stack, visit: People) -> None:
    stack.manage("loadservices", "tests/browser/services.toml")
    page = visit("alice")
    page.goto(f"{stack.url}/runs/")
    page.select_option("#id_state", "lost")
    expect(page).to_have_url(re.compile("state=lost"))


def test_runs_stand_below_their_day(stack: Stack, many: Page) -> None:
    many.goto(f"{stack.url}/runs/")
    expect(many.locator(".runs > li").first).to_have_class("day")
    expect(many.locator(".runs .run time").first).to_have_text(re.compile(r"^\d\d:\d\d"))


def test_a_run_that_fails_before_its_readers_eyes_says_in_which_step(stack: Stack, visit: People) -> None:
    stack.manage("loadservices", "tests/browser/services.toml")
    page = visit("alice")
    page.goto(f"{stack.url}/runs/{stack.manage('run', 'smoke').strip()}/")
    expect(page.locator(".last-words .step")).to_have_text("Smoke tests", timeout=40_000)
    expect(page.locator(".last-words code")).to_have_text("web-3 unhealthy")
    page.locator(".last-words a").click()
    expect(page.locator("#L3")).to_have_class(re.compile("marked"))
