"""Everybody can use the pages: axe finds nothing, everything is reached by keyboard, narrow and enlarged pages hold."""

import re
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from django.urls import NoReverseMatch, reverse
from playwright.sync_api import Locator, Page, expect

from tests.axe import SCRIPT
from tests.browser.conftest import InRoom, People, Rooms
from tests.system.stack import Stack

NARROW = {"width": 320, "height": 640}
ENLARGED = {"width": 640, "height": 400}  # 1280 by 800 at 200 %
LOOK = """async (only) => {
    const options = only ? { runOnly: only } : { resultTypes: ["violations"] };
    const { violations } = await axe.run(document, options);
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
}"""
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
FOCUSED = """() => {
    const at = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(at.matches(".box > textarea") ? at.parentElement : at);
    const { top, bottom, left, right } = at.getBoundingClientRect();
    return {
        name: at === document.body ? "BODY" : at.id || at.dataset.do || at.textContent.trim() || at.tagName,
        seen: outlineStyle !== "none" && parseFloat(outlineWidth) > 0,
        inside: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
    };
}"""
TALK = """
post(bob, ["hello", "*look*: https://example.org/", "```sh\\nnginx -t\\n\\x1b[31mfailed\\x1b[0m\\n```", "- a\\n- b"])
post(alice, ["@bob thanks", "> hello\\n\\nyes", "\\n".join("a long one" for _ in range(40))])
room.react(alice, 1, "🎉")
room.delete_message(alice, 5)
"""


def faults(page: Page) -> list[str]:
    """Return the serious and critical findings of axe, in the colours of day and night."""
    found: list[str] = []
    page.evaluate(SCRIPT.read_text())
    for scheme, only in (("light", None), ("dark", ["color-contrast"])):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        found += [f"{page.url} in {scheme} colours: {fault}" for fault in page.evaluate(LOOK, only)]
    return found


def addresses(room: str) -> list[str]:
    """Every kind of page that one sees when signed in."""
    own = f"/chat/{quote(room, safe='')}/"
    closed = f"/chat/{quote(f'members of {room}', safe='')}/"
    pages = ["/chat/", f"/chat/empty-{uuid.uuid4().hex[:6]}/", own, f"{own}2/", f"{own}settings/", closed]
    pages += [f"{closed}settings/", f"{closed}settings/leave/", f"{closed}settings/members/bob/remove/"]
    pages += ["/rooms/new/", "/join/", "/settings/", "/password/", "/nothing/here/"]
    for name in ("rooms:search", "rooms:notifications", "runs:list", "runs:services", "notices:list"):
        try:
            pages.append(reverse(name))
        except NoReverseMatch:  # this installation has no such page
            continue
    return pages


@pytest.fixture
def talk(in_room: InRoom, room_name: str) -> None:
    """The test's room with messages of every kind, and a members-only room of alice's, with bob."""
    members = f"""
from proj.rooms import managing
closed = managing.create(alice, {f"members of {room_name}"!r}, members_only=True)
closed.add_member(bob, alice)
"""
    in_room(TALK + members)


@pytest.mark.timeout(300)  # a quarter of a minute, where nothing else is done
def test_axe_finds_nothing_serious_on_any_page(visit: People, stack: Stack, room_name: str, talk: None) -> None:
    page = visit("alice")
    found = []
    for address in addresses(room_name):
        if address == "/nothing/here/":
            page.route("**/nothing/here/", lambda route: route.fulfill(response=route.fetch(), status=200))
        page.goto(stack.url + address)
        if page.locator("#status:not(.aside)").count():
            expect(page.locator("#status")).to_have_attribute("data-state", "live")
        found += faults(page)
    page.goto(stack.url + addresses(room_name)[2])
    expect(page.locator("#status")).to_have_attribute("data-state", "live")
    page.keyboard.press("Control+k")
    found += faults(page)
    nobody = visit(None)
    for address in ("/sign-in/", "/sign-in/link/"):
        nobody.goto(stack.url + address)
        found += faults(nobody)
    assert found == []


def test_axe_finds_nothing_serious_while_one_does_things(enter: Rooms, visit: People, talk: None) -> None:
    alice = enter("alice", viewport={"width": 390, "height": 844})
    alice.say("mine")
    alice.sees("mine", "alice")
    message = alice.message("mine")
    message.hover()
    message.locator('[data-do="pick"]').click()
    expect(alice.page.locator(".picker")).to_be_visible()
    found = faults(alice.page)
    alice.act("mine", "edit")
    found += faults(alice.page)
    alice.page.get_by_role("button", name="Rooms and more").click()
    assert found + faults(alice.page) == []


def walk(page: Page, most: int = 80) -> list[dict[str, Any]]:
    """Return the element with the focus after each press of Tab, once around."""
    steps: list[dict[str, Any]] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if here["name"] == "BODY" or (steps and here["name"] == steps[0]["name"]):
            break
        steps.append(here)
    return steps


def test_everything_in_a_room_is_reached_by_keyboard_and_shows_it(visit: People, enter: Rooms) -> None:
    alice = enter("alice", viewport={"width": 1440, "height": 900})
    alice.say("mine")
    alice.sees("mine", "alice")
    alice.field.fill("x")
    alice.page.evaluate("document.activeElement.blur(); getSelection().collapse(document.body, 0)")
    alice.page.locator("body").evaluate(
        "body => { body.tabIndex = -1; body.focus(); body.removeAttribute('tabindex') }"
    )
    steps = walk(alice.page)
    names = [step["name"] for step in steps]
    assert names[0] == "Skip to the content"
    for wanted in ("switch", "scroller", "pick", "reply", "edit", "delete", "text", "Room", "Send"):
        assert wanted in names, f"{wanted} is not reached: {names}"
    assert [step["name"] for step in steps if not (step["seen"] and step["inside"])] == []


def test_the_skip_link_leads_past_the_rooms(visit: People, stack: Stack) -> None:
    page = visit("alice")
    page.goto(f"{stack.url}/chat/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Open or make a room")).to_be_focused()


def test_a_message_is_written_changed_and_deleted_without_a_mouse(enter: Rooms) -> None:
    alice = enter("alice")
    alice.field.press_sequentially("first")
    alice.field.press("Enter")
    alice.sees("first", "alice")
    alice.field.press("ArrowUp")
    alice.page.keyboard.type(" of all")
    alice.page.keyboard.press("Enter")
    alice.sees("first of all", "alice")
    press_until_focused("Shift+Tab", alice.message("first of all"))
    press_until_focused("Tab", alice.page.get_by_role("button", name=re.compile(r"^Delete the message of \d\d:\d\d$")))
    alice.page.keyboard.press("Enter")
    alice.page.keyboard.press("Tab")
    alice.page.keyboard.press("Enter")
    expect(alice.messages.locator(".tombstone")).to_be_visible()


def press_until_focused(key: str, target: Locator, most: int = 12) -> None:
    """Press a key until the target has the focus."""
    for _ in range(most):
        target.page.keyboard.press(key)
        if target.evaluate("target => target === document.activeElement"):
            return
    expect(target).to_be_focused()


def test_messages_are_one_stop_and_arrows_walk_them(enter: Rooms, in_room: InRoom) -> None:
    in_room('post(bob, ["one https://example.org/", "two", "three"])')
    alice = enter("alice")
    alice.sees("three", "bob")
    one, two, three = (alice.messages.nth(n) for n in range(3))
    press_until_focused("Shift+Tab", three)
    alice.page.keyboard.press("ArrowUp")
    expect(two).to_be_focused()
    expect(two.get_by_role("button", name=re.compile(r"^Reply to bob, \d\d:\d\d$"))).to_be_visible()
    alice.page.keyboard.press("Shift+Tab")
    assert not one.evaluate("one => one.contains(document.activeElement)")
    press_until_focused("Tab", two)
    alice.page.keyboard.press("ArrowUp")
    alice.page.keyboard.press("ArrowUp")
    expect(one).to_be_focused()
    for _ in range(3):
        alice.page.keyboard.press("ArrowDown")
    expect(alice.field).to_be_focused()


def test_only_what_is_new_is_read_out(enter: Rooms, in_room: InRoom) -> None:
    in_room('post(bob, [f"m {n}" for n in range(120)])')
    alice = enter("alice")
    assert alice.page.locator("[role=log]").count() == 1
    assert alice.page.locator("[role=alert], [aria-live=assertive]").count() == 0  # nothing interrupts
    alice.page.evaluate(
        """() => {
            const log = document.getElementById("log");
            const said = window.said = [];
            new MutationObserver((changes) => {
                for (const { addedNodes } of changes) if (addedNodes.length) said.push(log.getAttribute("aria-live"));
            }).observe(document.getElementById("messages"), { childList: true });
        }"""
    )
    alice.load_all()
    assert set(alice.page.evaluate("window.said")) == {"off"}
    expect(alice.page.locator("#log")).not_to_have_attribute("aria-live", "off")
    in_room('post(bob, ["news"])')
    alice.sees("news", "bob")
    assert alice.page.evaluate("window.said.at(-1)") is None


@pytest.mark.parametrize("size", [NARROW, ENLARGED], ids=["320 pixels", "200 %"])
def test_pages_hold_where_there_is_little_room(
    visit: People, stack: Stack, room_name: str, talk: None, size: dict[str, int]
) -> None:
    page = visit("alice", viewport=size, device_scale_factor=2)
    page.route("**/nothing/here/", lambda route: route.fulfill(response=route.fetch(), status=200))
    wide = []
    for address in addresses(room_name):
        page.goto(stack.url + address)
        if page.evaluate(WIDER):
            wide.append(address)
    assert wide == []
    page.goto(stack.url + addresses(room_name)[2])
    expect(page.locator("#text")).to_be_in_viewport(ratio=1)
    expect(page.locator("#messages > .message").last).to_be_in_viewport()


def test_nothing_moves_for_those_who_asked_for_that(enter: Rooms) -> None:
    alice = enter("alice", reduced_motion="reduce")
    alice.say("calm")
    alice.sees("calm", "alice")
    moving = """() => [...document.querySelectorAll("*")].filter((one) => {
        const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(one);
        return parseFloat(transitionDuration) > 0 || animationName !== "none" || scrollBehavior === "smooth";
    }).map((one) => one.className)"""
    assert alice.page.evaluate(moving) == []
