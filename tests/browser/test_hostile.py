"""Nothing that people write is more than text. The browser's console and dialogs are watched in every test."""

import re
import uuid

from playwright.sync_api import expect

from tests.browser.conftest import People, Rooms
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
# The same in what becomes markup: its text is what is left of it.
HOSTILE_MARKUP = {
    "**<img src=x onerror=alert(1)>**": "<img src=x onerror=alert(1)>",
    '[<svg onload=alert(2)>](https://example.org/"onmouseover=alert(3))': "<svg onload=alert(2)>",
    "**[x](javascript:alert(4))** <javascript:alert(5)>": "[x](javascript:alert(4)) <javascript:alert(5)>",
    '[x](https://example.org/ "onclick=alert(6)")': "x",
    '```"><script>alert(7)</script>\n</code></pre><script>8</script>\n```': "</code></pre><script>8</script>",
    "~~x~~ e" + "\u0301\u0302" * 3900: "x e" + "\u0301\u0302" * 3900,
    "```\n\x1b[31m<img src=x onerror=alert(9)>\x1b]0;</span>\x07\n```": "<img src=x onerror=alert(9)>",
    "*\u202eesrever*": "\u202eesrever",
    '@<script>alert(10)</script> `@bob"><b>` **x**': '@<script>alert(10)</script> @bob"><b> x',
    "**&lt;script&gt;alert(11)&lt;/script&gt;**": "&lt;script&gt;alert(11)&lt;/script&gt;",
}


def test_hostile_messages_are_inert(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    for text in HOSTILE:
        alice.say(text)
    expect(bob.messages).to_have_count(len(HOSTILE))
    expect(bob.messages.locator(".text")).to_have_text(HOSTILE)
    assert bob.messages.locator("script, img, svg, h1").count() == 0
    for link in bob.messages.locator(".text a").all():
        assert re.match(r"https://example\.org/", link.get_attribute("href") or "")
        assert link.get_attribute("rel") == "noopener noreferrer nofollow ugc"
    fresh = enter("bob")
    assert fresh.markup() == bob.markup()
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not bob.page.evaluate(wide)


def test_hostile_markup_is_inert(enter: Rooms) -> None:
    alice, bob = enter("alice"), enter("bob")
    for text in HOSTILE_MARKUP:
        alice.field.fill(text)
        alice.page.get_by_role("button", name="Send").click()
    expect(bob.messages).to_have_count(len(HOSTILE_MARKUP))
    for message, shown in zip(bob.messages.all(), HOSTILE_MARKUP.values(), strict=True):
        words = message.locator(".rich pre, .rich:not(:has(pre))")
        assert words.evaluate("words => words.textContent") == shown
    assert bob.messages.locator("script, img, svg, h1, [onclick], [onmouseover], [onload]").count() == 0
    for link in bob.messages.locator(".text a").all():
        assert re.match(r"https://example\.org/", link.get_attribute("href") or "")
    assert enter("bob").markup() == bob.markup()


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
        page.get_by_label("Open or create a room").fill(name)
        page.get_by_role("button", name="Open").click()
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
