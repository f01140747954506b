"""A page whose session has ended on the server loses nothing, and its person signs in again without leaving it."""

import uuid

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.browser.conftest import InRoom, People, Rooms
from tests.browser.network import Network
from tests.browser.test_accessible import WIDER, faults
from tests.system.stack import Stack

SIGNED_OUT = "You are signed out. Sign in again to go on; what you wrote is kept."
PASSWORD = "quite a long passphrase"
PEOPLE = """
from proj.accounts.models import User
for name in {names!r}:
    person = User.objects.create_user(name)
    person.set_password({password!r})
    person.save()
"""
END = """
from proj.accounts import sessions
from proj.accounts.models import User
sessions.end_all(User.objects.get(username={name!r}))
"""


@pytest.fixture
def people(stack: Stack) -> list[str]:
    """Return the names of two people with a password, of this test's own."""
    names = [f"erin{uuid.uuid4().hex[:6]}", f"frank{uuid.uuid4().hex[:6]}"]
    stack.manage("shell", "-c", PEOPLE.format(names=names, password=PASSWORD))
    return names


def end_sessions(stack: Stack, name: str) -> None:
    stack.manage("shell", "-c", END.format(name=name))


def says_signed_out(page: Page) -> None:
    expect(page.locator("#connection")).to_have_text(SIGNED_OUT, timeout=40_000)


def dialog(page: Page) -> Locator:
    """The dialog, opened from the line that says it."""
    page.locator("#sign-in").click()
    found = page.get_by_role("dialog", name="Sign in again")
    expect(found.get_by_label("Password")).to_be_focused()
    label, field = (found.locator(part).bounding_box() for part in ("label[for=id_password]", "#id_password"))
    assert label
    assert field
    assert field["y"] - label["y"] - label["height"] < 8, "a label stands at its field"
    return found


def sign_in(page: Page, password: str = PASSWORD, name: str | None = None) -> Locator:
    found = dialog(page)
    if name:
        found.get_by_label("Username").fill(name)
    found.get_by_label("Password").fill(password)
    found.get_by_role("button", name="Sign in", exact=True).click()
    return found


def test_what_was_written_is_kept_and_goes_out_after_signing_in_again(
    enter: Rooms, stack: Stack, people: list[str], in_room: InRoom
) -> None:
    erin, bob = enter(people[0]), enter("bob")
    erin.say("befoer")
    bob.sees("befoer", people[0])
    form = erin.act("befoer", "edit")
    form.locator("textarea").fill("before")
    second = erin.page.context.new_page()
    second.goto(f"{stack.url}/settings/")
    second.get_by_label("Dark").check()
    end_sessions(stack, people[0])
    says_signed_out(erin.page)
    says_signed_out(second)
    erin.say("written when signed out")
    erin.field.fill("not finished")
    in_room('post(alice, ["said meanwhile"])')
    expect(erin.pending.locator(".state")).to_have_text("Waiting for the connection")

    found = sign_in(erin.page, "something else entirely")
    expect(found.get_by_role("status")).to_contain_text("Please enter a correct username and password")
    expect(found.get_by_label("Username")).to_have_value(people[0])
    found.get_by_label("Password").fill(PASSWORD)
    found.get_by_label("Password").press("Enter")
    erin.live()
    expect(found).to_be_hidden()
    expect(erin.field).to_be_focused()
    expect(erin.field).to_have_value("not finished")
    expect(erin.pending).to_have_count(0)
    erin.sees("said meanwhile", "alice")
    bob.sees("written when signed out", people[0])
    expect(form.locator("textarea")).to_have_value("before")
    form.get_by_role("button", name="Save").click()
    bob.sees("before", people[0])

    # the forms that the page holds are good for the new session, in the other tab too
    expect(second.locator("#status")).to_be_hidden()
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_text("Saved.")).to_be_visible()
    expect(second.get_by_label("Dark")).to_be_checked()
    erin.page.locator(".bar summary").click()
    erin.page.get_by_role("button", name="Mute, except mentions of you").click()
    erin.live()
    expect(erin.page.get_by_role("button", name="Unmute this room")).to_be_visible()


def test_somebody_else_who_signs_in_gets_a_page_of_their_own(enter: Rooms, stack: Stack, people: list[str]) -> None:
    erin, bob = enter(people[0]), enter("bob")
    bob.say("hello")
    erin.sees("hello", "bob")
    end_sessions(stack, people[0])
    says_signed_out(erin.page)
    erin.say("of the first one")
    erin.field.fill("and a draft")
    found = dialog(erin.page)
    found.get_by_label("Username").fill(people[1])
    found.get_by_label("Password").fill(PASSWORD)
    with erin.page.expect_navigation():
        found.get_by_role("button", name="Sign in", exact=True).click()
    erin.live()
    expect(erin.page.locator(".who summary")).to_contain_text(people[1])
    expect(erin.pending).to_have_count(0)
    expect(erin.field).to_have_value("")
    erin.say("of the second one")
    bob.sees("of the second one", people[1])
    assert bob.numbers() == [1, 2]

    end_sessions(stack, people[1])
    says_signed_out(erin.page)
    sign_in(erin.page, name=people[0])
    bob.sees("of the first one", people[0])
    erin.live()
    expect(erin.field).to_have_value("and a draft")


def test_somebody_who_is_shut_out_after_wrong_passwords_is_told_so(
    enter: Rooms, stack: Stack, people: list[str]
) -> None:
    erin = enter(people[0])
    end_sessions(stack, people[0])
    says_signed_out(erin.page)
    found = dialog(erin.page)
    told = found.get_by_role("status")
    for _ in range(7):
        found.get_by_label("Password").fill("something else entirely")
        found.get_by_label("Password").press("Enter")
        expect(found.get_by_label("Password")).to_have_value("")
        expect(told).to_contain_text("Please enter a correct username and password")
    found.get_by_label("Password").fill("something else entirely")
    found.get_by_label("Password").press("Enter")
    expect(told).to_contain_text("Wait 15 minutes and try again")
    expect(found.get_by_role("button", name="Sign in", exact=True)).to_be_enabled()
    erin.page.keyboard.press("Escape")
    expect(found).to_be_hidden()
    says_signed_out(erin.page)


def test_signing_in_again_without_a_network_says_what_is_wrong(
    enter: Rooms, stack: Stack, people: list[str], network: Network
) -> None:
    erin = enter(people[0], proxy=network.proxy)
    end_sessions(stack, people[0])
    says_signed_out(erin.page)
    network.cut()
    erin.page.locator("#sign-in").click()
    erin.offline()  # not even the dialog has come
    network.mend()
    erin.page.evaluate("dispatchEvent(new Event('online'))")
    says_signed_out(erin.page)
    found = dialog(erin.page)
    network.cut()
    found.get_by_label("Password").fill(PASSWORD)
    found.get_by_label("Password").press("Enter")
    expect(found.get_by_role("status")).to_contain_text("The server does not answer. Nothing is lost")
    network.mend()
    found.get_by_role("button", name="Sign in", exact=True).click()
    erin.live()


def test_a_form_that_is_out_of_date_is_replaced(enter: Rooms, stack: Stack, people: list[str]) -> None:
    erin = enter(people[0])
    end_sessions(stack, people[0])
    says_signed_out(erin.page)
    found = dialog(erin.page)
    erin.page.context.clear_cookies()
    found.get_by_label("Password").fill(PASSWORD)
    found.get_by_label("Password").press("Enter")
    expect(found.get_by_role("status")).to_contain_text("Here is a fresh one")
    found.get_by_label("Password").fill(PASSWORD)
    found.get_by_label("Password").press("Enter")
    erin.live()


def test_signing_in_in_another_tab_brings_the_page_back(enter: Rooms, stack: Stack, people: list[str]) -> None:
    erin = enter(people[0])
    end_sessions(stack, people[0])
    says_signed_out(erin.page)
    with erin.page.context.expect_page() as opened:
        erin.page.locator("#sign-in").click(modifiers=["ControlOrMeta"])
    other = opened.value
    other.get_by_label("Username").fill(people[0])
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in", exact=True).click()
    expect(other.locator("#status")).to_have_attribute("data-state", "live")
    erin.page.bring_to_front()
    erin.page.evaluate("dispatchEvent(new Event('focus'))")  # tabs of a test have no window that could get it
    erin.live()


def test_a_page_of_a_run_says_so_too(stack: Stack, visit: People, people: list[str]) -> None:
    stack.manage("loadservices", "tests/browser/services.toml")
    page = visit(people[0])
    page.goto(f"{stack.url}/runs/{stack.manage('run', 'deploy', 'version=1').strip()}/")
    expect(page.locator("#status")).to_have_attribute("data-state", "over", timeout=40_000)
    end_sessions(stack, people[0])
    says_signed_out(page)
    sign_in(page)
    expect(page.locator("#status")).to_have_attribute("data-state", "over")
    page.get_by_role("link", name="Run again…").click()
    page.get_by_role("dialog").get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#lines")).to_contain_text("done", timeout=30_000)
    page.goto(f"{stack.url}/search/")
    expect(page.locator("#status")).to_be_hidden()
    end_sessions(stack, people[0])
    says_signed_out(page)
    expect(page.locator("#status")).to_be_in_viewport(ratio=1)
    cookie, _, value = stack.sign_in("bob").partition("=")
    page.context.add_cookies([{"name": cookie, "value": value, "url": stack.url}])
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#connection")).to_contain_text("You are now signed in as bob.")


def test_the_line_and_the_dialog_are_for_everybody(
    enter: Rooms, stack: Stack, people: list[str], visit: People
) -> None:
    erin = enter(people[0], viewport={"width": 320, "height": 640})
    other = erin.page.context.new_page()
    other.goto(f"{stack.url}/chat/")
    end_sessions(stack, people[0])
    for page in (erin.page, other):
        says_signed_out(page)
        found = sign_in(page, "something else entirely")
        expect(found.get_by_role("status")).to_contain_text("Please enter a correct username and password")
        assert faults(page) == []
        assert not page.evaluate(WIDER)
        page.keyboard.press("Escape")
        assert faults(page) == []


def test_every_way_to_lose_the_connection_says_what_happens_now(enter: Rooms) -> None:
    """The sockets of this page are closed by the test, with each code that the protocol has."""
    page = enter("alice").page
    closing = (0, "")

    def close(socket: WebSocketRoute) -> None:
        code, reason = closing
        socket.close(code=code, reason=reason)

    page.route_web_socket("**/ws/**", close)
    words, countdown = page.locator("#connection"), page.locator("#countdown")
    for code, reason, said, way in (
        (
            1012,
            "retry_after=30",
            "The server is restarting. What you write is kept here and sent in a moment.",
            "Try now",
        ),
        (4429, "", "the server asks for a pause. What you write is kept here and sent after it.", "Try now"),
        (4400, "", "it may be out of date. Reload it: what you wrote is kept.", "Reload the page"),
        (4401, "", SIGNED_OUT, "Sign in"),
        (4403, "", "You have no access to this room any more.", "To the rooms"),
        (4404, "", "This room is not there any more, or you may not enter it.", "To the rooms"),
        (4408, "", "too slow for all that comes in. Nothing is lost", ""),
        (1013, "", "The server is busy. What you write is kept here and sent later.", ""),
        (1006, "", "Offline: no connection to the server. What you write is kept here and sent later.", ""),
    ):
        closing = (
            code if code != 1006 else 3006,
            reason,
        )  # no close frame
        page.reload()
        expect(words).to_contain_text(said)
        if way:
            expect(page.locator(".connection").get_by_text(way, exact=True)).to_be_visible()
        if way == "Try now":
            expect(countdown).to_contain_text("Next try in")


def test_the_line_is_read_out_once_and_only_when_something_is_wrong(enter: Rooms) -> None:
    """The line by itself, with a connection that comes and goes."""
    page = enter("alice").page
    said = page.evaluate(
        """async () => {
            const { Connection } = await import("/static/shared/connection.js");
            const socket = new EventTarget(), log = Object.assign(new EventTarget(), { missing: 0, holding: false });
            const become = (state) => {
                Object.assign(socket, { state, open: state.name === "open" });
                socket.dispatchEvent(new Event("state"));
            };
            const said = [];
            new MutationObserver(() => said.push(document.getElementById("announced").textContent))
                .observe(document.getElementById("announced"), { childList: true });
            const settle = () => new Promise((done) => setTimeout(done, 1_200));
            socket.state = { name: "connecting" };
            new Connection({ socket, log, me: "alice" });
            become({ name: "open" });
            await settle();
            const quiet = said.length;
            for (let n = 0; n < 3; n += 1) {
                become({ name: "offline", until: Date.now() + 9_000, wait: 9_000 });
                become({ name: "connecting" });
            }
            await settle();
            become({ name: "open" });
            become({ name: "restarting", until: Date.now() + 500, wait: 500 });
            become({ name: "connecting" });
            become({ name: "open" });
            await settle();
            return { quiet, said };
        }"""
    )
    assert said["quiet"] == 0
    offline = "Offline: no connection to the server. What you write is kept here and sent later."
    assert said["said"] == [offline, "Live"]
