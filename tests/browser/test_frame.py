"""The side list of every page: rooms, the way to another one, people, settings."""

import re
import uuid

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import InRoom, People, Rooms
from tests.browser.network import Network
from tests.system.stack import Stack

PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1440, "height": 900}


def test_on_a_phone_rooms_and_people_are_drawers(enter: Rooms, room_name: str) -> None:
    alice = enter("alice", viewport=PHONE, has_touch=True)
    side, people = alice.page.locator("#side"), alice.page.locator("#people")
    expect(side).to_be_hidden()
    alice.page.get_by_role("button", name="Rooms and more").click()
    expect(side.get_by_role("link", name=room_name)).to_be_visible()
    alice.page.keyboard.press("Escape")
    expect(side).to_be_hidden()
    alice.page.get_by_role("button", name="1 here").click()
    expect(people.locator("li")).to_have_text(["alice"])
    alice.page.mouse.click(10, 400)
    expect(people).to_be_hidden()


def test_the_drawer_needs_no_script(visit: People, stack: Stack) -> None:
    page = visit("alice", viewport=PHONE, java_script_enabled=False)
    page.goto(f"{stack.url}/chat/")
    page.get_by_role("button", name="Rooms and more").click()
    page.locator(".who summary").click()
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")


def test_ctrl_k_goes_to_a_room(enter: Rooms, in_room: InRoom) -> None:
    word = uuid.uuid4().hex[:6]
    in_room(f'[Room.visit(bob, name) for name in ("a {word}", "{word} b", "{word} c")]')
    page = enter("alice").page
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Name of a room")
    expect(field).to_be_focused()
    field.press_sequentially(word.upper())
    options = page.get_by_role("option")
    made = f"Make the room “{word.upper()}”"
    searched = f"Search messages for “{word.upper()}”"
    expect(options).to_have_text([f"{word} b", f"{word} c", f"a {word}", searched, made])
    expect(options.first).to_have_attribute("aria-selected", "true")
    field.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", "found-1")
    field.press("ArrowUp")
    field.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    page.get_by_role("button", name="Go to…").click()
    field.fill(f"{word} c")
    expect(options).to_have_count(2)
    with page.expect_navigation():
        field.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{word} c")
    page.keyboard.press("Control+k")
    field.fill(f"new {word} / x")
    expect(options).to_have_text([f"Search messages for “new {word} / x”"])  # no room may have that name
    field.fill(f"new {word} ?#%")
    expect(options).to_have_text([f"Search messages for “new {word} ?#%”", f"Make the room “new {word} ?#%”"])
    with page.expect_navigation():
        field.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Search")
    expect(page.locator("#switch")).to_be_visible()  # its script is there
    page.keyboard.press("Control+k")
    field.fill(f"new {word} ?#%")
    field.press("ArrowUp")
    field.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"There is no room “new {word} ?#%” that you may enter")
    expect(page.get_by_role("button", name="Make this room")).to_be_visible()
    in_room(f"assert not Room.objects.filter(name='new {word} ?#%').exists()")
    page.get_by_role("button", name="Make this room").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"new {word} ?#%")


def test_an_offer_chosen_before_the_places_are_known_stays_chosen(enter: Rooms) -> None:
    page = enter("alice").page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/places/", hold)
    with page.expect_request("**/places/"):
        page.keyboard.press("Control+k")
    word = uuid.uuid4().hex[:6]
    page.get_by_role("combobox", name="Name of a room").fill(word)
    options = page.get_by_role("option")
    expect(options).to_have_text([f"Search messages for “{word}”", f"Make the room “{word}”"])
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    with page.expect_response("**/places/") as answer:
        held[0].continue_()
    answer.value.finished()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"There is no room “{word}” that you may enter")


def test_ctrl_k_goes_to_services_and_pages(enter: Rooms, in_room: InRoom) -> None:
    word = uuid.uuid4().hex[:6]
    in_room(
        f"""
from proj.runs.models import Service
Service.objects.create(uid="up-{word}", name="Roll out {word}", command=["true"], run_by="everyone")
Service.objects.create(uid="not-{word}", name="Not for alice {word}", command=["true"], seen_by="listed")
"""
    )
    page = enter("alice").page
    options = page.get_by_role("dialog", name="Go to").get_by_role("option")
    page.keyboard.press("Control+k")
    expect(options.filter(has_text="Change password")).to_have_count(1)  # before anything is typed
    page.keyboard.type(f"up-{word}")
    expect(options.first).to_have_text(f"Roll out {word} up-{word} · service")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Roll out {word}")
    expect(page.locator("#switch")).to_be_visible()  # its script is there
    page.keyboard.press("Control+k")
    page.keyboard.type(f"alice {word}")
    expect(options).to_have_text([f"Search messages for “alice {word}”", f"Make the room “alice {word}”"])
    page.keyboard.press("Control+a")
    page.keyboard.type("settin")
    expect(options.first).to_have_text("Settings page")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")


def test_ctrl_k_offers_the_rooms_without_a_network_too(enter: Rooms, in_room: InRoom, network: Network) -> None:
    word = uuid.uuid4().hex[:6]
    in_room(f'Room.visit(bob, "a {word}")')
    alice = enter("alice", proxy=network.proxy)
    alice.page.wait_for_load_state("networkidle")
    network.cut()
    alice.page.keyboard.press("Control+k")
    alice.page.keyboard.type(word)
    expect(alice.page.get_by_role("option").first).to_have_text(f"a {word}")
    expect(alice.page.locator(".switcher [role=status]")).to_have_text(
        "Services and pages could not be loaded just now."
    )


def test_what_concerns_a_room_is_in_one_menu(enter: Rooms, room_name: str) -> None:
    alice = enter("alice", viewport=PHONE)
    menu = alice.page.locator(".bar summary")
    menu.click()
    alice.page.get_by_role("link", name="Search in this room").click()
    expect(alice.page.get_by_label("In the room")).to_have_value(room_name)
    alice.open()
    menu.click()
    alice.page.get_by_role("link", name="Settings of this room").click()
    expect(alice.page.get_by_role("heading", level=1)).to_have_text(room_name)


def test_settings_are_kept_and_seen_everywhere(enter: Rooms, stack: Stack) -> None:
    bob = enter("bob", viewport=WIDE, color_scheme="light", timezone_id="Europe/Moscow")
    bob.say("what time is it?")
    expect(bob.messages.locator(".permalink")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    light = ground(bob.page)
    bob.page.locator(".who summary").click()
    bob.page.get_by_role("link", name="Settings", exact=True).click()
    bob.page.get_by_label("Dark").check()
    bob.page.get_by_label("12 hours").check()
    bob.page.get_by_role("button", name="Save").click()
    expect(bob.page.get_by_role("status")).to_have_text("Saved.")
    dark = ground(bob.page)
    assert light != dark
    bob.open()
    assert ground(bob.page) == dark
    expect(bob.messages.locator(".permalink")).to_have_text(re.compile(r"^\d\d:\d\d [AP]M$"))
    bob.page.goto(f"{stack.url}/settings/")
    bob.page.get_by_label("As the device has it").check()
    bob.page.get_by_label("24 hours").check()
    bob.page.get_by_role("button", name="Save").click()
    expect(bob.page.get_by_role("status")).to_have_text("Saved.")
    assert ground(bob.page) == light


def ground(page: Page) -> str:
    found: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return found


def test_nothing_leads_to_pages_that_are_not_there(visit: People, stack: Stack) -> None:
    page = visit("alice")
    page.goto(f"{stack.url}/chat/")
    for link in page.locator(".side a").all():
        address = link.get_attribute("href") or ""
        status, _, _ = stack.get(address, {"Cookie": stack.sign_in("alice")})
        assert status == 200, address
