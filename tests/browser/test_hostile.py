"""Nothing that people write is more than text. The browser's console and dialogs are watched in every test."""

import re
import uuid
from urllib.parse import quote

from playwright.sync_api import expect

from proj.text import unseen
from tests.browser.conftest import InRoom, People, Rooms
from tests.browser.room import RoomPage
from tests.system.stack import Stack

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(2)">',
    '"><svg onload=alert(3)>',
    "</li></ol></div><h1>mine</h1>",
    "javascript:alert(4) https://example.org/<script>alert(5)</script>",
    "https://example.org/\"onmouseover='alert(6)' http://[ https://",
    "{{ constructor }} {% debug %} ${1+1} </template> <!-- ]]>",
    "\u202ereversed\u202c \u2066isolated",
    "e" + "\u0301" * 3000,
]
# The same inside markup, and the text that remains of it.
HOSTILE_MARKUP = {
    "**<img src=x onerror=alert(1)>**": "<img src=x onerror=alert(1)>",
    '[<svg onload=alert(2)>](https://example.org/"onmouseover=alert(3))': "<svg onload=alert(2)>",
    "**[x](javascript:alert(4))** <javascript:alert(5)>": "[x](javascript:alert(4)) <javascript:alert(5)>",
    '[x](https://example.org/ "onclick=alert(6)")': "x",
    '```"><script>alert(7)</script>\n</code></pre><script>8</script>\n```': (
        '"><script>alert(7)</script>\n</code></pre><script>8</script>'
    ),
    "~~x~~ e" + "\u0301\u0302" * 3900: "x e" + "\u0301\u0302" * 3900,
    "```\n\x1b[31m<img src=x onerror=alert(9)>\x1b]0;</span>\x07\n```": "<img src=x onerror=alert(9)>",
    "*\u202eesrever*": "\\u202eesrever",
    '@<script>alert(10)</script> `@bob"><b>` **x**': '@<script>alert(10)</script> @bob"><b> x',
    "**&lt;script&gt;alert(11)&lt;/script&gt;**": "&lt;script&gt;alert(11)&lt;/script&gt;",
}


def test_hostile_messages_are_inert(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    for text in HOSTILE:
        alice.say(text)
    expect(bob.messages).to_have_count(len(HOSTILE))
    expect(bob.messages.locator(".text")).to_have_text([unseen.shown(text) for text in HOSTILE])
    assert bob.messages.locator("script, img, svg, h1").count() == 0
    for link in bob.messages.locator(".text a").all():
        assert re.match(r"https://example\.org/", link.get_attribute("href") or "")
        assert link.get_attribute("rel") == "noopener noreferrer nofollow ugc"
    fresh = enter("bob")
    fresh.shows_the_same_as(bob)
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not bob.page.evaluate(wide)


def test_hostile_markup_is_inert(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    for text in HOSTILE_MARKUP:
        alice.field.fill(text)
        alice.page.get_by_role("button", name="Send", exact=True).click()
    expect(bob.messages).to_have_count(len(HOSTILE_MARKUP))
    for message, shown in zip(bob.messages.all(), HOSTILE_MARKUP.values(), strict=True):
        words = message.locator(".rich pre, .rich:not(:has(pre))")
        assert words.evaluate("words => words.textContent") == shown
    assert bob.messages.locator("script, img, svg, h1, [onclick], [onmouseover], [onload]").count() == 0
    for link in bob.messages.locator(".text a").all():
        assert re.match(r"https://example\.org/", link.get_attribute("href") or "")
    bob.shows_the_same_as(enter("bob"))


def test_hostile_drafts_and_refused_messages_are_inert(enter: Rooms) -> None:
    alice = enter("alice")
    alice.field.fill(HOSTILE[1])
    alice.page.reload()
    alice.live()
    expect(alice.field).to_have_value(HOSTILE[1])
    alice.page.evaluate(
        """() => {
            const room = JSON.parse(document.getElementById("room-state").textContent).key;
            const prefix = `signalbox:outbox:${JSON.stringify(["alice", room])}:`;
            localStorage.setItem(prefix + "x", "not JSON");
            localStorage.setItem(prefix + "y", JSON.stringify({frame: {client_id: "y", type: "post",
                message: "<img src=x onerror=alert(1)>"}, failed: "<img src=x onerror=alert(2)>", at: 1}));
        }"""
    )
    alice.page.reload()
    alice.live()
    expect(alice.pending.locator(".text")).to_have_text("<img src=x onerror=alert(1)>")
    assert alice.page.locator("main img").count() == 0


def test_hostile_room_names_are_inert(visit: People, stack: Stack) -> None:
    page = visit("alice")
    for name in (f'"><img src=x onerror=alert(1)> {uuid.uuid4().hex[:6]}', f"?a=b&c#d %2e {uuid.uuid4().hex[:6]}"):
        page.goto(f"{stack.url}/chat/")
        page.get_by_label("Open or make a room").fill(name)
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
        assert page.locator("main img").count() == 0
        page.get_by_role("button", name="Make this room").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        room = RoomPage(page, stack.url, name)
        room.live()
        room.say("here")
        room.sees("here", "alice")
        assert page.locator("main img").count() == 0
        page.goto(f"{stack.url}/chat/")
        expect(page.get_by_role("main").get_by_role("link", name=name)).to_be_visible()
        page.keyboard.press("Control+k")
        expect(page.get_by_role("option", name=name)).to_be_visible()
        assert page.locator(".side img, .switcher img").count() == 1  # the brand's


def test_hostile_names_of_people_are_inert(enter: Rooms, in_room: InRoom, stack: Stack, room_name: str) -> None:
    # The forms take no such name; a directory that people come from may.
    name = f"<img src=x onerror=alert(1)>\u202e{uuid.uuid4().hex[:6]}"
    display_name = "</bdi><svg onload=alert(2)>" + "\u202e" + "e" + "\u0301" * 20
    members = f"members {room_name}"
    stack.sign_in_all(["alice", name])
    in_room(
        f"""
from proj.rooms import managing
closed = managing.create(alice, {members!r}, members_only=True)
User.objects.filter(username={name!r}).update(display_name={display_name!r})
closed.add_member(User.objects.get(username={name!r}), alice)
"""
    )
    other, alice = enter(name), enter("alice")
    other.say("it is me")
    alice.sees("it is me", name)
    both = [display_name, name]
    expect(alice.message("it is me").locator(".meta > bdi")).to_have_text(both)
    expect(alice.page.locator("#people-here li").filter(has_text="img src").locator("bdi")).to_have_text(both)
    expect(other.page.locator(".who bdi")).to_have_text(both)
    alice.field.press_sequentially("@svg")
    expect(alice.page.locator("#completions li bdi")).to_have_text(both)
    alice.field.press("Escape")
    alice.shows_the_same_as(enter("alice"))
    alice.message("it is me").hover()
    alice.message("it is me").locator('[data-do="reply"]').click()
    assert name in alice.field.input_value()
    alice.field.fill("<img")
    alice.page.goto(f"{stack.url}/chat/{quote(members)}/")
    expect(alice.page.locator(".happening .subject").last).to_have_text(name)
    alice.page.goto(f"{stack.url}/chat/{quote(members)}/settings/")
    expect(alice.page.locator(".members .name").filter(has_text="img src")).to_have_text(name)
    expect(alice.page.locator(".members .called")).to_have_text(display_name)
    for page in (alice.page, other.page):
        assert page.locator("main :is(img, svg[onload])").count() == 0


def test_hostile_emoji_are_inert(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    texts = [
        ":<img src=x onerror=alert(1)>:",
        ":tada:<script>alert(2)</script>:tada:",
        ':"onclick=alert(3):',
        ":tada::::",
    ]
    for text in texts:
        alice.say(text)
    shown = [texts[0], "🎉<script>alert(2)</script>🎉", texts[2], "🎉:::"]
    expect(bob.messages.locator(".text")).to_have_text(shown)
    said = """(emoji) => new Promise((answer) => {
        const scheme = location.protocol.replace("http", "ws");
        const socket = new WebSocket(scheme + location.host + "/ws" + location.pathname, "signalbox.v1");
        socket.onmessage = ({ data }) => {
            const frame = JSON.parse(data);
            if (frame.type === "welcome") socket.send(JSON.stringify({ type: "react", seq: 1, emoji }));
            if (frame.type === "error" || frame.type === "message.reacted") answer(frame.type);
        };
    })"""
    for emoji in ("<img src=x onerror=alert(4)>", "x", "🎉<b>", "__proto__"):
        assert bob.page.evaluate(said, emoji) == "error"
    assert alice.page.locator(".reaction").count() == 0
    assert bob.messages.locator("script, img, [onclick]").count() == 0


def test_hostile_control_sequences_of_terminals_are_inert(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    sequences = {
        "\x1b[31mred\x1b[0m \x1b[999999999999mx": "red x",
        "\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07": "link",
        "\x1b]0;title\x07\x1b[2J\x1b[1;1Hcleared": "cleared",
        '\x1b[31"onmouseover=alert(2)mx': None,
        "\x1b[38;5;<img src=x onerror=alert(3)>mx": None,
        "\x9b31mc1 \x1b[" + ";".join(["1"] * 2000) + "m!": None,
    }
    for sequence in sequences:
        alice.field.fill(f"```\n{sequence}\n```")
        alice.page.get_by_role("button", name="Send", exact=True).click()
    expect(bob.messages).to_have_count(len(sequences))
    for message, shown in zip(bob.messages.all(), sequences.values(), strict=True):
        if shown is not None:
            expect(message.locator("pre")).to_have_text(shown)
    assert bob.messages.locator("img, pre a, [onmouseover], [style]").count() == 0
    bob.shows_the_same_as(enter("bob"))


def test_text_that_turns_around_stays_in_its_message(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    alice.say("\u202e\u202e\u2067 delete everything")
    alice.say("and after it")
    expect(bob.messages).to_have_count(2)
    for page in (bob, enter("bob")):
        place = "item => item.querySelector('.author').getBoundingClientRect().left"
        left = page.messages.first.evaluate(place)
        assert left < page.messages.first.evaluate("item => item.getBoundingClientRect().width / 2 + 300")
        for text in page.messages.locator(".text").all():
            assert text.evaluate("text => getComputedStyle(text).unicodeBidi") == "isolate"
        expect(page.messages.last.locator(".text")).to_have_text("and after it")


def test_eight_thousand_combining_characters_cover_nothing_else(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    alice.say("before")
    alice.field.fill("e" + "\u0301" * 7_999)
    alice.page.get_by_role("button", name="Send", exact=True).click()
    alice.say("after")
    bob.sees("after", "alice")
    hit = """item => {
        const { left, top, height } = item.getBoundingClientRect();
        return item.contains(document.elementFromPoint(left + 3, top + height / 2));
    }"""
    assert bob.message("after").locator(".text").evaluate(hit)
    clipped = "item => getComputedStyle(item).overflow"
    assert bob.messages.nth(1).locator(".text").evaluate(clipped) != "visible"
    alice.field.fill("e" + "\u0301" * 8_000)
    expect(alice.page.get_by_text("1 character too many")).to_be_visible()
