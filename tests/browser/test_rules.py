"""Rules that stand in Python and in JavaScript give the same results (docs/decisions/0030-one-rule-one-place.md)."""

import pytest
from django.utils import translation

from proj.runs import reasons
from proj.runs.templatetags.runs import duration
from tests.browser.conftest import InRoom, People, Rooms
from tests.browser.room import RoomPage
from tests.system.stack import Stack

SECONDS = [0, 0.9, 1, 59.99, 60, 61, 3_599, 3_600, 3_661, 86_400, 360_000]
VALUES: dict[str, str | int] = {
    "name": "Alice & <Bob>",
    "seconds": 90,
    "limit": 1_000_000,
    "error": "No space left on device",
    "command": "./deploy {version}",
    "directory": "/opt",
    "signal": "SIGKILL",
    "status": 3,
    "host": "web1",
    "own": "signalbox",
    "user": "deploy",
}
WORDS = """async ({ seconds, reasons }) => {
    const words = await import("/static/shared/run_words.js");
    return [seconds.map(words.duration), reasons.map((why) => words.reason(why, "unknown"))];
}"""
# The messages that stand under the heading of the one before: in the page of the server, and in this page.
GROUPED = """async () => {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    return [page, document].map((one) => [...one.querySelectorAll("#messages .grouped")].map((item) => item.id));
}"""


@pytest.mark.parametrize(("locale", "language"), [("en-GB", "en"), ("ru-RU", "ru"), ("zh-CN", "zh-hans")])
def test_durations_and_reasons_have_the_same_words(
    visit: People, stack: Stack, room_name: str, locale: str, language: str
) -> None:
    whys: list[reasons.Code] = [{"code": code, **VALUES} for code in reasons.SENTENCES]
    page = visit("alice", locale=locale)
    RoomPage(page, stack.url, room_name).load()
    with translation.override(language):
        expected = [list(map(duration, SECONDS)), [reasons.worded("unknown", why) for why in whys]]
    assert page.evaluate(WORDS, {"seconds": SECONDS, "reasons": whys}) == expected


def test_messages_are_grouped_alike(enter: Rooms, in_room: InRoom) -> None:
    in_room(
        """
from datetime import timedelta
from proj.rooms.models import Event
post(alice, ["one", "two", "a deleted one", "three", "four", "five"])
post(bob, ["six", "seven"])
post(alice, ["eight"])
events = list(Event.objects.filter(room=room, kind="message.posted").order_by("seq"))
room.delete_message(alice, events[2].seq)
for n, event in enumerate(events):
    minutes = 20 if n < 4 else 10 if n < 5 else 0
    Event.objects.filter(pk=event.pk).update(at=event.at - timedelta(minutes=minutes))
"""
    )
    alice = enter("alice")
    server, page = alice.page.evaluate(GROUPED)
    assert server == page
    assert len(page) == 2
