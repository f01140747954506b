"""A failed run reaches the people concerned, wherever they are in Signalbox."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import People
from tests.browser.test_attention import DESKTOP, entry, icon
from tests.system.stack import Stack

WITHIN_MS = 2_000
TIMED_DESKTOP = DESKTOP.replace("{ title, ...options }", "{ title, at: Date.now(), ...options }")

SERVICE = """
from proj.accounts.models import User
from proj.rooms.models import Room
from proj.runs.models import Service
room = Room.objects.get_or_create(name={name!r})[0]
script = "until [ -e $0 ]; do sleep 0.05; done; exit 3"
service = Service(uid={uid!r}, name="Roll out", room=room, run_by="everyone", concurrency=9)
service.parameters = [dict(name="gate"), dict(name="version"), dict(name="target", default="production")]
service.command = ["bash", "-c", script, "{{gate}}", "--version={{version}}", "--target={{target}}"]
service.full_clean()
service.save()
room.mute(User.objects.get(username="dave"))
"""

FORGET = """
from proj.accounts.models import Keyword, Preferences
from proj.rooms.models import Room
Room.objects.get(name={name!r}).mentions.all().delete()
Preferences.objects.all().delete()
Keyword.objects.all().delete()
"""

Start = Callable[..., str]


@pytest.fixture
def ops() -> str:
    """The room of the service, which no page has open."""
    return f"ops {uuid.uuid4().hex[:6]}"


@pytest.fixture
def start(stack: Stack, ops: str) -> Iterator[Start]:
    """`start(gate)`: the id of a run that fails when the file `gate` is there."""
    stack.sign_in_all(["alice", "bob", "charlie", "dave"])
    stack.manage("shell", "-c", SERVICE.format(name=ops, uid=ops.replace(" ", "-")))

    def new(gate: Path) -> str:
        return stack.manage("run", ops.replace(" ", "-"), f"gate={gate}", "version=1.4").strip()

    yield new
    stack.manage("shell", "-c", FORGET.format(name=ops))


def mentioned(page: Page, room: str) -> Locator:
    return entry(page, room).locator(".count.mentioned")


def test_a_failed_run_reaches_three_people_once_and_none_that_muted_its_room(
    visit: People, stack: Stack, start: Start, ops: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    run = start(gate)
    names = ("alice", "bob", "charlie", "dave")
    pages = {name: visit(name) for name in names}
    second = pages["alice"].context.new_page()  # one person may have two tabs
    for page in (*pages.values(), second):
        page.add_init_script(TIMED_DESKTOP)
        page.goto(f"{stack.url}/settings/")
        expect(entry(page, ops)).to_have_attribute("data-mentioned", "0")
        page.evaluate(WATCH, ops)
    dave_before = pages["dave"].title()  # other rooms may have called before
    gate.touch()
    for name in names[:3]:
        page = pages[name]
        expect(mentioned(page, ops)).to_be_visible()
        expect(page).to_have_title(re.compile(r"^\(\d+\) "))
        expect(icon(page)).to_have_attribute("href", re.compile("favicon-mentioned"))
    expect(mentioned(second, ops)).to_be_visible()
    for name in names[:3]:
        expect(pages[name].locator("#notifications-journal li")).to_have_count(1)
    ended = ended_at(stack, run)
    told = {name: page.evaluate("shown") for name, page in pages.items()}
    told["alice"] += second.evaluate("shown")
    assert told["dave"] == []
    for name in names[:3]:
        [notification] = told[name]
        assert notification["title"] == "✕ Roll out #1 failed"
        assert notification["body"] == f"gate={gate} version=1.4\n# {ops}"
        assert notification["at"] - ended < WITHIN_MS, f"{name} was notified late"
        assert pages[name].evaluate("unreadAt") - ended < WITHIN_MS, f"{name}'s room was unread late"
    expect(mentioned(pages["dave"], ops)).to_be_hidden()
    assert pages["dave"].title() == dave_before
    assert pages["dave"].evaluate("document.querySelectorAll('#notifications-journal li').length") == 0
    # from the journal to the run, and from the side to the card
    page = pages["bob"]
    page.locator("#notifications-journal li").get_by_role("link", name="Roll out #1 failed").click()
    expect(page).to_have_url(f"{stack.url}/runs/{run}/")
    expect(page).to_have_title(re.compile(r"^(\(\d+\) )?✕ Roll out #1 · Signalbox$"))
    expect(icon(page)).to_have_attribute("href", re.compile("favicon-failed"))
    entry(page, ops).click()
    expect(page.locator(".run-card .state")).to_have_text("Failed")
    expect(entry(page, ops)).to_have_attribute("data-mentioned", "0")


WATCH = """(room) => {
    const seen = () => {
        const count = [...document.querySelectorAll("#side-rooms a")]
            .find((one) => one.textContent.includes(room))?.querySelector(".count.mentioned:not([hidden])");
        const icon = document.querySelector('link[rel="icon"]').href.includes("mentioned");
        if (count && icon && document.title.startsWith("(")) window.unreadAt ??= Date.now();
    };
    const all = { subtree: true, childList: true, attributes: true, characterData: true };
    new MutationObserver(seen).observe(document, all);
}"""


def ended_at(stack: Stack, run: str) -> float:
    """Return the time of the run's end in milliseconds."""
    code = f"from proj.runs.models import Run; print(Run.objects.get(pk={run!r}).ended_at.timestamp() * 1000)"
    return float(json.loads(stack.manage("shell", "-c", code).strip().splitlines()[-1]))


def test_the_tab_of_a_run_shows_its_state(visit: People, stack: Stack, start: Start, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    page = visit("alice")
    page.goto(f"{stack.url}/runs/{start(gate)}/")
    expect(page).to_have_title(re.compile("▶ Roll out #1 · Signalbox$"))
    expect(icon(page)).to_have_attribute("href", re.compile("favicon-running"))
    gate.touch()
    expect(page).to_have_title(re.compile("✕ Roll out #1 · Signalbox$"))
    expect(icon(page)).to_have_attribute("href", re.compile("favicon-failed"))


def test_quiet_hours_and_keywords_are_set_and_kept(visit: People, stack: Stack, start: Start, tmp_path: Path) -> None:
    page = visit("charlie", timezone_id="Europe/Berlin")
    page.add_init_script(TIMED_DESKTOP)
    page.goto(f"{stack.url}/settings/")
    now = datetime.now(ZoneInfo("Europe/Berlin"))
    page.get_by_label("Quiet from").fill(f"{now - timedelta(hours=1):%H:%M}")
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    page.get_by_label("Quiet until").fill(f"{now + timedelta(hours=2):%H:%M}")
    word = f"host{uuid.uuid4().hex[:6]}"
    page.get_by_label("Keywords").fill(word)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".notice")).to_contain_text("Saved.")
    expect(page.get_by_label("Keywords")).to_have_value(word)
    gate = tmp_path / "gate"
    gate.touch()
    start(gate)
    journal = page.locator("#notifications-journal li", has_text="Roll out #1 failed")
    expect(journal).to_contain_text("quiet hours")
    assert page.evaluate("shown") == []
