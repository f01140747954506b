"""A room in another language: the strings of the page's modules too, with the forms that numbers want."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import People
from tests.browser.room import RoomPage
from tests.system.stack import Stack


@pytest.mark.parametrize(
    ("locale", "live", "left"),
    [
        ("ru-RU", "На связи", {8_001: "1 лишний знак", 8_002: "2 лишних знака", 8_005: "5 лишних знаков"}),
        ("zh-CN", "在线", {8_001: "超出 1 个字符", 8_005: "超出 5 个字符"}),
    ],
)
def test_a_room_speaks_ones_language(
    visit: People, stack: Stack, room_name: str, locale: str, live: str, left: dict[int, str]
) -> None:
    room = RoomPage(visit("alice", locale=locale), stack.url, room_name)
    room.load()
    expect(room.page.locator("#connection")).to_have_text(live)
    for characters, words in left.items():
        room.field.fill("x" * characters)
        expect(room.page.locator("#counter")).to_have_text(words)
    room.field.fill("привет, 你好")
    room.field.press("Enter")
    room.sees("привет, 你好", "alice")
    english = re.compile(r"\b(the|you|this|send|write|room|settings|reply|react|delete)\b", re.IGNORECASE)
    shown = room.page.evaluate(
        """() => {
            const words = [...document.querySelectorAll("body *")].flatMap((one) => [
                one.getAttribute("aria-label"), one.getAttribute("placeholder"), one.getAttribute("title")]);
            const kept = [...document.querySelectorAll("template")].map(({ content }) => content.textContent);
            return [document.body.innerText, ...words, ...kept].filter(Boolean).join("\\n");
        }"""
    )
    places = re.compile(r"\{\w+\}|\broom [0-9a-f]+")  # to be filled in, like {room}; and rooms of other tests
    assert english.findall(places.sub("", shown.replace(room_name, ""))) == []
