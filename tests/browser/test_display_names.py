"""People are shown as they want to be called, beside the name that they sign in with."""

import re
import uuid

from playwright.sync_api import expect

from tests.accounts.test_face import FACES
from tests.browser.conftest import InRoom, Rooms
from tests.browser.network import Network
from tests.system.stack import Stack

# A desktop that keeps its notifications, and gets one of a message in the room of this page.
NOTIFIED = """async ([seq, author]) => {
    const shown = [];
    window.Notification = class extends EventTarget {
        static permission = "granted";
        constructor(title) {
            super();
            shown.push(title);
        }
    };
    const { decide } = await import("/static/site/notification.js");
    const link = document.querySelector("#side-rooms [aria-current]").cloneNode(true);
    link.removeAttribute("aria-current");
    link.dataset.read = 0;
    const rooms = { list: document.createElement("ul"), me: "bob" };
    rooms.list.append(link);
    await decide(rooms, "all", { room: link.dataset.room, seq, author, mentioned: false, muted: false });
    return shown;
}"""


def test_alice_sets_her_display_name_and_bob_sees_it(  # noqa: PLR0915 - one story
    enter: Rooms, in_room: InRoom, network: Network, room_name: str, stack: Stack
) -> None:
    who = f"alice-{uuid.uuid4().hex[:6]}"  # of this test's own: the name outlives it
    alice = enter(who)
    alice.page.goto(f"{stack.url}/settings/")
    alice.page.get_by_label("Display name").fill("Alice Liddell")
    alice.page.get_by_role("button", name="Save").click()
    expect(alice.page.get_by_label("Display name")).to_have_value("Alice Liddell")
    expect(alice.page.locator(".who bdi")).to_have_text(["Alice Liddell", who])
    alice.open()
    bob = enter("bob", proxy=network.proxy)
    for page in (alice, bob):
        here = page.page.locator("#people-here li")
        expect(here.filter(has_text="Alice Liddell").locator("bdi")).to_have_text(["Alice Liddell", who])
        expect(here.filter(has_text="bob").locator("bdi")).to_have_text(["bob"])

    alice.field.press_sequentially("fir")
    expect(bob.page.locator("#typing")).to_have_text("\u2068Alice Liddell\u2069 is typing…")
    alice.say("first")
    bob.sees("first", who)
    expect(bob.message("first").locator(".called")).to_have_text("Alice Liddell")
    alice.say("second")
    bob.sees("second", who)
    expect(bob.message("second")).to_have_class(re.compile("grouped"))
    form = alice.act("first", "edit")
    form.locator("textarea").fill("first, mended")
    form.locator("textarea").press("Enter")
    bob.sees("first, mended", who)
    expect(bob.message("first, mended").locator(".called")).to_have_text("Alice Liddell")

    options = bob.page.locator("#completions li")
    for typed in ("@lidd", f"@{who[:9]}"):
        bob.field.fill("")
        bob.field.press_sequentially(typed)
        expect(options.filter(has_text=who).locator("bdi")).to_have_text(["Alice Liddell", who])
    bob.field.press("Enter")
    expect(bob.field).to_have_value(f"@{who} ")
    bob.field.press("Enter")
    expect(alice.messages.last.locator(".mention.me")).to_have_text(f"@{who}")

    bob.say("and you?")
    alice.sees("and you?", "bob")
    expect(bob.page.locator("#seen")).to_contain_text("\u2068Alice Liddell\u2069")
    alice.message("and you?").hover()
    alice.message("and you?").get_by_role("button", name="React").click()
    alice.message("and you?").locator(".picker button").first.click()
    for one in (bob, enter("bob")):  # drawn by the page, and by the server
        expect(one.message("and you?").locator(".reaction")).to_have_attribute("title", "\u2068Alice Liddell\u2069")

    seq = int(bob.message("first, mended").get_attribute("data-seq") or 0)
    assert bob.page.evaluate(NOTIFIED, [seq, who]) == [f"\u2068Alice Liddell\u2069 ({who}) in {room_name}"]

    in_room(f"from proj.rooms.log.frames import Kind; room.append(Kind.MEMBER_ADDED, bob, {who!r})")
    expect(bob.page.locator(".happening bdi")).to_have_text(["bob", "Alice Liddell", who])

    network.cut()
    bob.offline()
    alice.say("missed")
    alice.sees("missed", who)
    network.mend()
    bob.live()
    bob.sees("missed", who)
    bob.shows_the_same_as(enter("bob"))


def test_names_in_any_script_are_completed(enter: Rooms, stack: Stack) -> None:
    who = f"charlie-{uuid.uuid4().hex[:6]}"
    stack.sign_in_all([who])
    stack.manage(
        "shell", "-c", f"from proj.accounts.models import User; User.objects.get(username={who!r}).call('Чарли 王')"
    )
    alice = enter("alice")
    for typed in ("@чар", "@王"):
        alice.field.fill("")
        alice.field.press_sequentially(typed)
        expect(alice.page.locator("#completions li").filter(has_text=who)).to_have_count(1)
        expect(alice.page.locator("#completions li").filter(has_text=who).locator(".face")).to_have_attribute(
            "data-letter", "Ч"
        )
    alice.field.press("Tab")
    expect(alice.field).to_have_value(f"@{who} ")


def test_the_browser_makes_the_faces_that_the_server_makes(enter: Rooms) -> None:
    alice = enter("alice")
    found = alice.page.evaluate(
        """async (faces) => {
            const { face } = await import("/static/rooms/people/face.js");
            return faces.map(([who, name]) => face(who, name)).map((one) => [one.className, one.dataset.letter]);
        }""",
        [(who, name) for who, name, _, _ in FACES],
    )
    assert found == [[f"face hue-{hue}", letter] for _, _, letter, hue in FACES]
    alice.say("first")
    alice.sees("first", "alice")
    grounds = {
        alice.page.locator(part).first.evaluate("face => getComputedStyle(face).backgroundColor")
        for part in ("#messages .face", "#people-here .face")
    }
    assert len(grounds) == 1
