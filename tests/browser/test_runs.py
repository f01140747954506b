"""Runs as people see them: started from a page, watched while they print, read in all their length."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import People, Rooms
from tests.browser.network import Network
from tests.browser.room import RoomPage
from tests.system.stack import Stack

START = Callable[..., str]


@pytest.fixture(scope="module")
def services(stack: Stack) -> None:
    """The services of services.toml."""
    stack.manage("loadservices", "tests/browser/services.toml")


@pytest.fixture
def start(stack: Stack, services: None) -> START:
    """`start("deploy", "version=1")`: the address of a new run's page."""

    def new(*words: str) -> str:
        return f"{stack.url}/runs/{stack.manage('run', *words).strip()}/"

    return new


def becomes(page: Page, state: str) -> None:
    expect(page.locator(".bar .state")).to_have_attribute("data-state", state, timeout=30_000)


def line(page: Page, number: int) -> Any:
    return page.locator(f"#L{number} .said")


def complete(page: Page) -> None:
    """The run is over, and the page has all of it."""
    expect(page.locator("#status")).to_have_attribute("data-state", "over", timeout=40_000)


def shown(page: Page) -> list[int]:
    """The numbers of the lines that are in the page."""
    found: list[int] = page.locator("#lines .at").evaluate_all("all => all.map((at) => Number(at.dataset.line))")
    return found


def test_a_run_is_started_watched_reloaded_and_canceled(
    stack: Stack, services: None, visit: People, tmp_path: Path
) -> None:
    page = visit("alice")
    page.goto(f"{stack.url}/services/deploy/")
    page.fill("[name=p-version]", "1.4")
    page.fill("[name=p-go_on]", str(tmp_path / "never"))
    expect(page.locator("#command")).to_contain_text("deploy.py 1.4")
    page.click("#start button")
    for _ in range(2):  # as it comes, and after a reload
        becomes(page, "running")
        expect(page.locator("#L1 .ansi-bold")).to_have_text("Rolling out 1.4")
        expect(page.locator("#L4 .ansi-ink-3")).to_have_text("module 0")
        expect(line(page, 10)).to_have_text("copied 100 %")
        expect(page.locator("#L11 .ansi-ink-2")).to_have_text("healthy")
        expect(page.locator("#progress progress")).to_have_js_property("value", 40)
        expect(page.locator("#progress .words")).to_have_text("Unpacking")
        expect(page.locator("#connection")).to_have_text("Live")
        expect(page.locator("#duration")).to_have_text(re.compile(r"[1-9]\d* s"))
        page.reload()
    page.click("#cancel")
    page.click("#canceling .bad")
    becomes(page, "canceled")
    complete(page)
    expect(page.locator("#reason")).to_have_text("Canceled by alice.")
    expect(page.locator("#cancel")).to_be_hidden()
    page.get_by_role("link", name="Run again…").click()
    question = page.get_by_role("dialog", name="Run Roll out again?")
    expect(question.locator("dd")).to_have_text(["Roll out deploy", "1.4", str(tmp_path / "never"), re.compile(".+")])
    expect(question.get_by_role("button", name="No")).to_be_focused()
    page.keyboard.press("Enter")
    expect(question).to_be_hidden()
    becomes(page, "canceled")
    page.get_by_role("link", name="Run again…").click()
    question.get_by_role("button", name="Run", exact=True).click()
    becomes(page, "running")
    expect(page.locator(".bar h1")).not_to_have_text("#1")
    page.click("#cancel")
    page.click("#canceling .bad")
    becomes(page, "canceled")


def test_without_a_script_run_again_asks_on_a_page_of_its_own(start: START, visit: People) -> None:
    address = start("deploy", "version=7")
    with_script = visit("alice")
    with_script.goto(address)
    complete(with_script)
    page = visit("alice", java_script_enabled=False)
    page.goto(address)
    page.get_by_role("link", name="Run again…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Run Roll out again?")
    expect(page.locator("dd").nth(1)).to_have_text("7")
    page.get_by_role("link", name="No").click()
    expect(page).to_have_url(address)
    page.get_by_role("link", name="Run again…").click()
    page.locator("main").get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".bar .state")).to_be_visible()
    assert page.url != address


def test_a_run_comes_live_to_its_end(start: START, visit: People, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    page = visit("bob")
    page.goto(start("deploy", "version=2", f"go_on={gate}"))
    expect(line(page, 11)).to_have_text("healthy")
    gate.touch()
    becomes(page, "succeeded")
    complete(page)
    expect(line(page, 13)).to_have_text("done")
    expect(page.locator("#progress progress")).to_have_js_property("value", 100)
    expect(page.locator("#again")).to_be_visible()


def test_a_queued_run_says_which_run_it_waits_for_and_its_place(
    stack: Stack, start: START, visit: People, tmp_path: Path
) -> None:
    gates = [tmp_path / name for name in ("first", "second")]
    runs = [start("waits", f"file={gate}") for gate in [*gates, "never"]]
    page = visit("alice")
    page.goto(runs[2])
    wait = page.locator("#empty")
    expect(wait).to_have_text("It waits until In turn #1 has ended. It is number 2 in the queue.")
    wait.get_by_role("link", name="In turn #1").focus()
    gates[0].touch()
    expect(wait).to_have_text("It waits until In turn #2 has ended. It is number 1 in the queue.")
    wait.get_by_role("link", name="In turn #2").click()
    expect(page).to_have_url(runs[1])
    becomes(page, "running")
    page.go_back()
    stack.manage(
        "shell", "-c", "from proj.runs.models import Service; Service.objects.filter(uid='waits').update(enabled=False)"
    )
    gates[1].touch()
    expect(wait).to_have_text("It waits until the service is switched on.")
    page.click("#cancel")
    page.click("#canceling .bad")
    becomes(page, "canceled")
    expect(wait).to_have_text("It printed nothing.")


def test_groups_fold(start: START, visit: People) -> None:
    page = visit("alice")
    page.goto(start("deploy", "version=3"))
    complete(page)
    fold = page.get_by_role("button", name="Fold this group")
    expect(fold).to_have_attribute("aria-expanded", "true")
    group = page.locator(".line.group")
    assert group.evaluate(HIGH) == page.locator("#L1").evaluate(HIGH)
    fold.click()
    expect(line(page, 4)).to_have_count(0)
    page.wait_for_function(
        """() => getComputedStyle(document.querySelector(".line.group"), "::after").content === '"6 lines folded"'"""
    )
    expect(line(page, 9)).to_have_count(0)
    expect(line(page, 10)).to_have_text("copied 100 %")
    page.goto(f"{page.url}#L5")
    expect(page.locator("#L5.marked")).to_be_visible()


def test_the_server_and_the_page_show_hostile_output_alike(start: START, visit: People) -> None:
    address = start("hostile")
    page = visit("alice")
    page.goto(address)
    complete(page)
    plain = visit("alice", java_script_enabled=False)
    plain.goto(address)
    texts = "all => all.map((line) => [line.className, line.querySelector('.said').innerHTML])"
    there, here = plain.locator("#lines li").evaluate_all(texts), page.locator("#lines li").evaluate_all(texts)
    page.locator(".fold").evaluate("button => button.remove()")
    here = page.locator("#lines li").evaluate_all(texts)
    assert len(there) == 18
    assert here == there
    unread = r"• |\(\d+\) "  # a room has heard of the run, or alice was called somewhere before
    assert re.sub(unread, "", page.title()) == "✓ Hostile #1 · Signalbox"
    assert not page.locator(".said script, .said img, .said a, .said b, .said i").count()


def test_output_that_goes_up_ends_with_its_last_state_live_and_after_a_reload(
    start: START, visit: People, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    page = visit("alice")
    page.goto(start("redrawn", f"file={gate}"))
    said = page.locator("#lines .line:visible .said")
    expect(said.nth(3)).to_have_text(re.compile(r"^ web [1-9]\d"))  # it was drawn again, and is one line
    expect(said).to_have_count(5)
    page.reload()  # in the middle
    expect(page.locator("#connection")).to_have_text("Live")
    gate.touch()
    complete(page)
    final = ["start", "pull", "[+] done", " web done", " db done", "the report"]
    expect(said).to_have_text(final)
    live = page.locator("#lines .at").evaluate_all("all => all.map((at) => at.dataset.line)")
    page.reload()
    expect(said).to_have_text(final)
    assert page.locator("#lines .at").evaluate_all("all => all.map((at) => at.dataset.line)") == live
    expect(page.locator(".said a")).to_have_attribute("href", "https://example.com/report")
    expect(page.locator("#L2 .ansi-ink-rf")).to_have_text("pull")


def test_200000_lines_scroll_and_are_found(start: START, visit: People) -> None:
    page = visit("alice")
    page.goto(start("many"))
    complete(page)
    expect(page.locator("#total")).to_have_text("200,000 lines")
    expect(line(page, 200_000)).to_be_visible()
    assert page.evaluate(SCROLL) < 150, "lines that nobody sees are in the page"
    page.locator("#scroller").evaluate("scroller => { scroller.scrollTop = scroller.scrollHeight / 2; }")
    expect(line(page, 100_000)).to_contain_text("line 100000")
    expect(page.locator(".unknown")).to_have_count(0)
    numbers = shown(page)
    assert 99_900 < numbers[0] < 100_100
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    page.fill("#search input", "line 123456 ")
    expect(page.locator("#search .found")).to_have_text("1 of 1")
    expect(page.locator("#L123456.hit")).to_be_visible()
    page.locator("#L123456 .at").click()
    page.locator("#L123458 .at").click(modifiers=["Shift"])
    expect(page).to_have_url(re.compile("#L123456-L123458$"))
    page.reload()
    expect(page.locator("#L123457.marked")).to_be_visible()
    page.click("#wrap")
    expect(page.locator("#L123457.marked")).to_be_visible()
    page.focus("#scroller")
    page.keyboard.press("End")
    expect(line(page, 200_000)).to_be_in_viewport()


HIGH = "line => line.getBoundingClientRect().height"
SCROLL = """async () => {
    const scroller = document.getElementById("scroller");
    let most = 0;
    for (let n = 0; n < 100; n += 1) {
        scroller.scrollTop = (scroller.scrollHeight * n) / 100;
        await new Promise((done) => requestAnimationFrame(done));
        most = Math.max(most, scroller.querySelectorAll(".line").length);
    }
    return most;
}"""


def test_a_cut_in_the_middle_leaves_no_hole_and_repeats_nothing(
    stack: Stack, start: START, visit: People, network: Network
) -> None:
    page = visit("alice", proxy=network.proxy)
    page.add_init_script(RECORD)
    page.goto(start("numbers"))
    page.wait_for_function("() => Number(document.getElementById('total').textContent.replace(/\\D/g, '')) > 400")
    network.cut()
    expect(page.locator("#connection")).to_contain_text("Offline", timeout=15_000)
    expect(page.locator("#connection")).to_contain_text("The run goes on")
    network.mend()
    complete(page)
    expect(page.locator("#L3000 .said")).to_have_text("number 3000")
    for number in (1, 400, 1500, 3000):
        page.goto(f"{page.url.partition('#')[0]}#L{number}")
        expect(page.locator(f"#L{number}.marked .said")).to_have_text(f"number {number}")
    ends = page.evaluate("pieces")
    for (_, end), (offset, _) in pairwise(ends):
        assert offset == end, ends


# The output of the socket, by offsets: a repeat would show here.
RECORD = """(() => {
    globalThis.pieces = [];
    const own = WebSocket.prototype.addEventListener;
    const take = ({ data }) => {
        const frame = JSON.parse(data);
        if (frame.type === "output") pieces.push([frame.offset, frame.end]);
    };
    WebSocket.prototype.addEventListener = function (type, heard, ...rest) {
        if (type === "close") own.call(this, "message", take);
        return own.call(this, type, heard, ...rest);
    };
})()"""


def test_a_module_that_a_module_loads_comes_when_the_network_is_back(services: None, enter: Rooms) -> None:
    alice = enter("alice")
    deploy = alice.page.get_by_role("option", name="deploy")
    for module in ("complete", "services"):  # the first loads the second
        alice.page.route(f"**/{module}.*.js*", lambda route: route.abort())
        with alice.page.expect_event("requestfailed"):
            alice.field.press_sequentially("/run d" if module == "complete" else "e")
        alice.page.unroute(f"**/{module}.*.js*")
        expect(deploy).to_have_count(0)
    alice.field.press_sequentially("p")
    expect(deploy).to_be_visible()


def test_a_run_from_a_room_is_seen_in_every_browser(
    stack: Stack, services: None, enter: Rooms, visit: People, room_name: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    alice, bob = enter("alice"), enter("bob")
    charlie = RoomPage(visit("charlie", locale="ru-RU"), stack.url, room_name)
    charlie.page.goto(charlie.address)
    alice.say("/run deploy version=evil")
    expect(alice.page.locator("#refusal")).to_have_text("Not started: version must look like this: [0-9.]+.")
    expect(alice.field).to_have_value("/run deploy version=evil")
    alice.field.fill("")
    alice.field.press_sequentially("/run dep")
    alice.page.get_by_role("option", name="deploy").click()
    expect(alice.page.get_by_role("option", name="version")).to_be_visible()
    alice.field.press("Tab")
    expect(alice.field).to_have_value("/run deploy version=")
    alice.field.press_sequentially(f"1.4 go_on={gate}")
    alice.field.press("Enter")
    for room in (alice, bob):
        card = room.page.locator(".run-card")
        expect(card.locator(".state")).to_have_text("Running")
        expect(card.locator("progress")).to_have_js_property("value", 40)
        expect(card.locator(".said")).to_have_text(["  module 4", "copied 100 %", "healthy"])
        expect(card.locator("[data-ticking]")).to_have_text(re.compile(r"[1-9]\d* s"))
        expect(room.messages.locator(".author")).to_have_text("alice")
    expect(charlie.page.locator(".run-card .state")).to_have_text("Выполняется")
    gate.touch()
    for room in (alice, bob):
        card = room.page.locator(".run-card")
        expect(card.locator(".state")).to_have_text("Succeeded")
        expect(card.locator(".said").last).to_have_text("done")
    expect(charlie.page.locator(".run-card .state")).to_have_text("Успешно")
    expect(charlie.page.locator(".run-card [data-seconds]")).to_have_text(re.compile(r"\d с$"))
    expect(charlie.page.locator(".run-card .run-lines")).to_have_attribute("aria-label", "Последние строки")
    live = alice.markup()
    alice.page.reload()
    alice.live()
    assert alice.markup() == live
    bob.page.locator(".run-name").click()
    becomes(bob.page, "succeeded")
    bob.page.go_back()
    bob.live()
    bob.say("//run deploy")
    bob.sees("/run deploy", "bob")
    alice.sees("/run deploy", "bob")


def test_a_run_is_canceled_from_a_room_in_the_language_of_each(
    stack: Stack, services: None, enter: Rooms, visit: People, room_name: str, tmp_path: Path
) -> None:
    alice, bob = enter("alice"), enter("bob")
    charlie = RoomPage(visit("charlie", locale="ru-RU"), stack.url, room_name)
    charlie.page.goto(charlie.address)
    bob.say(f"/run deploy version=2 go_on={tmp_path / 'never'}")
    expect(alice.page.locator(".run-card .state").last).to_have_text("Running")
    alice.field.press_sequentially("/cancel dep")
    alice.page.get_by_role("option", name="deploy").click()
    with alice.page.expect_response("**/cancel/**") as answer:
        alice.field.press("Enter")
    assert re.fullmatch(r"deploy #\d+ is being ended\.", answer.value.json()["detail"])
    for room in (alice, bob):
        expect(room.page.locator(".run-card .state").last).to_have_text("Canceled")
        expect(room.page.locator(".run-card .run-reason").last).to_have_text("Canceled by alice.")
    expect(alice.page.locator("#refusal")).to_be_hidden()  # with the end of the run
    expect(charlie.page.locator(".run-card .run-reason").last).to_have_text("Отменил(а) alice.")
    alice.say("/cancel deploy")
    expect(alice.page.locator("#refusal")).to_have_text("Not canceled: deploy has no run that could be canceled.")
    expect(alice.field).to_have_value("/cancel deploy")


def test_who_was_away_finds_the_card_as_it_is_and_others_find_nothing_in_it(
    stack: Stack, services: None, enter: Rooms, network: Network, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    listed = "from proj.runs.models import *; s = Service.objects.get(uid='quiet'); s.viewers.clear(); "
    stack.sign_in_all(["alice", "bob", "charlie"])
    stack.manage(
        "shell",
        "-c",
        listed + "s.viewers.add(*User.objects.filter(username__in=['alice', 'bob'])); s.runners.set(s.viewers.all())",
    )
    alice, bob, charlie = enter("alice"), enter("bob", proxy=network.proxy), enter("charlie")
    alice.say(f"/run quiet file={gate}")
    expect(alice.page.locator(".run-card .state")).to_have_text("Running")
    expect(bob.page.locator(".run-card .state")).to_have_text("Running")
    expect(charlie.page.locator(".event-card")).to_have_text(
        "A run that you may not see, or that is not kept any more."
    )
    network.cut()
    bob.offline()
    gate.touch()
    expect(alice.page.locator(".run-card .state")).to_have_text("Succeeded")
    network.mend()
    bob.live()
    expect(bob.page.locator(".run-card .state")).to_have_text("Succeeded")
    assert "Quiet" not in charlie.page.content()
    charlie.say("/run quiet")
    expect(charlie.page.locator("#refusal")).to_have_text("Not started: There is no service quiet that you may see.")


def test_nginx_sends_the_whole_log_packed_or_plain(stack: Stack, start: START, visit: People) -> None:
    page = visit("alice")
    page.goto(start("many"))
    complete(page)
    raw = page.url.partition("#")[0] + "raw/"
    expected = "".join(f"\x1b[3{n % 8}mline {n}\x1b[0m {'x' * (n % 100)}\n" for n in range(1, 200_001)).encode()
    packed = page.request.get(raw)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.body() == expected
    plain = page.request.get(raw, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.body() == expected
    assert visit("alice").request.get(f"{stack.url}/protected-logs/x.log.gz").status == 404
