"""A page that was away ends with the same room as one that was not."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import InRoom, People, Rooms
from tests.browser.network import Network
from tests.browser.room import RoomPage


def test_two_people_talk_and_one_of_them_loses_the_network(
    enter: Rooms, network: Network, in_room: InRoom, room_name: str
) -> None:
    alice, bob = enter("alice"), enter("bob", proxy=network.proxy)
    expect(alice.page.get_by_role("heading", level=1)).to_have_text(room_name)
    alice.say("hello bob")
    bob.sees("hello bob", "alice")
    bob.say("привет, 爱丽丝")
    alice.sees("привет, 爱丽丝", "bob")
    alice.say("this will be edited")
    alice.say("this will be deleted")
    bob.sees("this will be deleted", "alice")

    network.cut()
    bob.offline()
    in_room('post(alice, [f"missed {n}" for n in range(300)])')
    alice.sees("missed 299", "alice")
    form = alice.act("this will be edited", "edit")
    form.locator("textarea").fill("this was edited")
    form.locator("textarea").press("Enter")
    alice.sees("this was edited", "alice")
    alice.act("this will be deleted", "delete").get_by_role("button", name="Delete").click()
    expect(alice.page.locator(".tombstone")).to_have_count(1)
    expect(alice.pending).to_have_count(0)
    expect(bob.message("missed 0")).to_have_count(0)

    network.mend()
    bob.live()
    bob.sees("missed 299", "alice")
    bob.sees("this was edited", "alice")
    fresh = enter("bob")
    assert fresh.messages.count() == 50
    assert bob.numbers()[-50:] == fresh.numbers()
    bob.load_all()
    fresh.load_all()
    assert len(bob.numbers()) == 304
    bob.shows_the_same_as(fresh)


def test_a_page_that_is_too_far_behind_begins_anew(enter: Rooms, network: Network, in_room: InRoom) -> None:
    bob = enter("bob", proxy=network.proxy)
    bob.say("before")
    bob.sees("before", "bob")
    network.cut()
    bob.offline()
    in_room('post(alice, [f"missed {n}" for n in range(1100)])')
    network.mend()
    bob.live()
    bob.sees("missed 1099", "alice")
    fresh = enter("bob")
    assert len(bob.numbers()) == 50
    bob.shows_the_same_as(fresh)
    bob.say("after")
    fresh.sees("after", "bob")
    bob.shows_the_same_as(fresh)


def test_a_page_that_nobody_cut_off_equals_a_fresh_one(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    for text in ("one", "two\n  lines", "see https://example.org/a?b=c#d, please", "<b>&amp;</b>", "\u202etrap"):
        alice.field.fill(text)
        alice.page.get_by_role("button", name="Send", exact=True).click()
    expect(bob.messages).to_have_count(5)
    form = alice.act("one", "edit")
    form.locator("textarea").fill("1")
    form.get_by_role("button", name="Save").click()
    bob.sees("1", "alice")
    bob.shows_the_same_as(enter("bob"))
    alice.shows_the_same_as(enter("alice"))


def test_the_people_of_a_room_stay_in_view_without_a_connection(
    enter: Rooms, visit: People, network: Network, room_name: str
) -> None:
    enter("alice")
    bob = enter("bob", proxy=network.proxy, viewport={"width": 1400, "height": 800})
    people, names = bob.page.locator("#people"), bob.page.locator("#people-here bdi")
    expect(names).to_have_text(["alice", "bob"])
    expect(people.get_by_role("heading")).to_have_text("2 here")
    expect(people.locator(".as-of")).to_be_hidden()
    network.cut()
    bob.offline()
    expect(names).to_have_text(["alice", "bob"])
    expect(people.locator(".as-of")).to_have_text(re.compile(r"^as of \d\d:\d\d$"))
    ink = "element => getComputedStyle(element).color"
    soft = bob.page.locator("#countdown").evaluate("""element => {
        element.style.color = "var(--ink-soft)";
        return getComputedStyle(element).color;
    }""")
    assert {item.evaluate(ink) for item in people.locator("li").all()} == {soft}
    network.mend()
    bob.live()
    expect(people.locator(".as-of")).to_be_hidden()
    expect(names).to_have_text(["alice", "bob"])
    assert {item.evaluate(ink) for item in people.locator("li").all()} != {soft}
    # a page that was never connected knows nobody, and has no heading over nothing
    late = RoomPage(
        visit("bob", viewport={"width": 1400, "height": 800}), bob.page.url.partition("/chat/")[0], room_name
    )
    late.page.route_web_socket(re.compile("/ws/"), lambda socket: socket.close())
    late.load()
    late.offline()
    expect(late.page.locator("#people h2")).to_be_hidden()


def test_try_now_and_the_network_being_back(enter: Rooms, network: Network) -> None:
    bob = enter("bob", proxy=network.proxy)
    network.cut()
    bob.offline()
    expect(bob.page.locator("#countdown")).to_contain_text("Next try in")
    network.mend()
    bob.page.evaluate("dispatchEvent(new Event('online'))")
    bob.live()
    bob.page.context.set_offline(True)
    expect(bob.page.locator("#connection")).to_contain_text("this device has no network")
    bob.page.context.set_offline(False)
    bob.live()


def test_tries_to_come_back_move_nothing_under_the_pointer(enter: Rooms, network: Network) -> None:
    bob = enter("bob", proxy=network.proxy)
    network.cut()
    bob.offline()
    bob.page.evaluate(
        """() => {
            const line = document.getElementById("status"), countdown = document.getElementById("countdown");
            window.heights = {};
            new MutationObserver(() => line.dataset.tone && (heights[countdown.textContent] = line.offsetHeight))
                .observe(line, { subtree: true, childList: true, attributes: true });
        }"""
    )
    both = "() => ['Connecting', 'Next'].every((word) => Object.keys(heights).join().includes(word))"
    bob.page.wait_for_function(both)
    assert len(set(bob.page.evaluate("Object.values(heights)"))) == 1


def test_a_connection_that_says_nothing_is_left(enter: Rooms, visit: People, network: Network, room_name: str) -> None:
    """A network that swallows everything closes no connection: only the silence tells."""
    page = visit("bob", proxy=network.proxy)
    page.clock.install()
    alice = enter("alice")
    bob = RoomPage(page, alice.address.partition("/chat/")[0], room_name).open()
    network.deaf()
    alice.say("into the void")
    alice.sees("into the void", "alice")
    page.clock.fast_forward(50_000)
    bob.offline()
    network.mend()
    page.clock.fast_forward(30_000)
    bob.sees("into the void", "alice")
    bob.live()


def test_events_are_applied_once_and_in_order(enter: Rooms) -> None:
    """The log by itself, fed with shuffled, repeated and missing events."""
    page = enter("alice").page
    result = page.evaluate(
        """async () => {
            const { Log } = await import("/static/rooms/log/log.js");
            const applied = [];
            const log = new Log({epoch: "a", seq: 10});
            let holes = 0;
            log.addEventListener("event", ({detail}) => applied.push(detail.seq));
            log.addEventListener("hole", () => (holes += 1));
            for (const seq of [12, 11, 11, 14, 9, 12, 13]) log.receive({seq});
            const before = {applied: [...applied], holes, missing: log.missing};
            log.head(17);
            const behind = {holes, missing: log.missing};
            log.hold();
            for (const seq of [21, 19, 20]) log.receive({seq});
            log.restart({epoch: "b", seq: 19});
            return {before, behind, applied, seq: log.seq, epoch: log.epoch, missing: log.missing};
        }"""
    )
    assert result["before"] == {"applied": [11, 12, 13, 14], "holes": 2, "missing": 0}
    assert result["behind"] == {"holes": 3, "missing": 3}
    assert result["applied"] == [11, 12, 13, 14, 20, 21]
    assert (result["epoch"], result["seq"], result["missing"]) == ("b", 21, 0)
