"""Inputs that other tools of this kind were reported to fail on: one test for each, through public functions.

The modules beside the code have many more of each kind. Some inputs need real processes or the browser's modules: an
installation on IPv6 (tests/deploy/test_ipv6.py), a chain of proxies and long requests at nginx and uwsgi
(tests/deploy/test_nginx.py), completion of names (tests/javascript/typed.test.js), live output
(tests/javascript/lines.test.js, screen.test.js), and logs that are cut inside a character, which the doctor's advice
shows with `tail` (tests/health/test_programs.py).
"""

import re
import sqlite3
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from proj.accounts.models import User
from proj.env import origins
from proj.rooms import names
from proj.rooms.log.commands import Refusal, Written
from proj.rooms.models import Room
from proj.rooms.search import finding, index, queries
from proj.rooms.search.finding import Question
from proj.rooms.text.markup import render
from proj.rooms.text.plain import plain
from proj.runs.catalog import schedules
from proj.runs.models import Run, Service
from proj.runs.output import decoding, rendering
from proj.runs.upkeep import scheduling
from proj.runs.web import command_line
from proj.text.screen import Screen
from tests.runs.conftest import Make, make

__all__ = ["make"]

PEOPLE = {"alice", "bob", "bob@corp.example", "carol."}


def output(data: bytes) -> str:
    """Return a line of output as it is shown, without its colours."""
    return rendering.plain(rendering.text(data))


def links(text: str) -> list[str]:
    return re.findall('<a href="([^"]*)"', render(text).html)


def mentioned(text: str) -> list[str]:
    return re.findall('<span class="mention">@([^<]*)</span>', render(text).settled(PEOPLE, {}).html)


def found(user: User, query: str) -> list[str]:
    index.keep_up()
    return sorted(message.text for message in finding.find(user, Question(query)).messages)


def test_the_next_time_of_a_schedule_is_later_in_the_repeated_hour() -> None:
    asked = datetime(2026, 11, 1, 6, 15, tzinfo=UTC)
    expected = datetime(2026, 11, 2, 6, 30, tzinfo=UTC)
    assert schedules.after(asked, "30 1 * * *", "America/New_York") == expected


def test_thirty_looks_at_the_repeated_hour_start_one_run(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    make(schedule="30 1 * * *", time_zone="America/New_York", missed="once", when_busy="queue")
    Service.objects.update(next_at=datetime(2026, 11, 1, 5, 30, tzinfo=UTC))
    for second in range(30):
        now = datetime(2026, 11, 1, 6, 15, second, tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda now=now: now)
        scheduling.start_scheduled()
    assert Run.objects.count() == 1


def test_a_carriage_return_before_colours_hides_nothing() -> None:
    assert output(b"\x1b[0;31mfatal: [win1]: FAILED!\r\x1b[0m") == "fatal: [win1]: FAILED!"
    assert output(b"\x1b[32m+\x1b[m\x1b[32mtext\x1b[m\x1b[41m\r\x1b[m") == "+text"


def test_a_carriage_return_and_an_erasure_hide_the_line() -> None:
    assert output(b"100%\r\x1b[K") == ""


def test_escapes_with_an_intermediate_and_private_ones_leave_no_letters() -> None:
    assert output(b"\x1b[1mbold\x1b(B\x1b[m done") == "bold done"
    assert not re.search("[78]", output(b"\x1b7working\x1b8\x1b[Kdone"))


def test_backspaces_take_back_the_former_counter() -> None:
    line = output(b"Writing inode tables:  0/24\x08\x08\x08\x08\x08     \x08\x08\x08\x08\x08done")
    assert " ".join(line.split()) == "Writing inode tables: done"


def test_the_colour_of_an_underline_is_no_style() -> None:
    assert "bold" not in rendering.Line(1, rendering.text(b"\x1b[58;5;1mx\x1b[0m")).html
    assert "bold" in rendering.Line(1, rendering.text(b"\x1b[1m\x1b[58;2;0;128;255mx\x1b[0m")).html


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("参见https://example.com。下一句", ["https://example.com"]),
        ("https://example.com/docs（中文说明）了解更多", ["https://example.com/docs"]),
        ("全角（https://example.com/baz）です。", ["https://example.com/baz"]),
        ("https://example.com/a、https://example.com/b", ["https://example.com/a", "https://example.com/b"]),
        (
            "https://zh.wikipedia.org/wiki/道_(消歧义)",
            ["https://zh.wikipedia.org/wiki/%E9%81%93_(%E6%B6%88%E6%AD%A7%E4%B9%89)"],
        ),
        ("http://пример.рф/путь", ["http://xn--e1afmkfd.xn--p1ai/%D0%BF%D1%83%D1%82%D1%8C"]),
    ],
)
def test_an_address_ends_before_chinese_and_japanese_punctuation(text: str, addresses: list[str]) -> None:
    assert links(text) == addresses


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            "https://kibana.example/app/discover#/?_g=(time:(from:now-15m,to:now))",
            "https://kibana.example/app/discover#/?_g=(time:(from:now-15m,to:now))",
        ),
        ("(see https://example.com/a_(b))", "https://example.com/a_(b)"),
        ("(see https://example.com/a(b)c)", "https://example.com/a(b)c"),
        ("https://en.wikipedia.org/wiki/Devil's_advocate", "https://en.wikipedia.org/wiki/Devil&#x27;s_advocate"),
        ("'https://example.com/a'", "https://example.com/a"),
    ],
)
def test_an_address_keeps_its_own_brackets_and_apostrophes(text: str, address: str) -> None:
    assert links(text) == [address]


@pytest.mark.parametrize("end", ["", "."])
def test_an_address_with_an_ipv6_host_is_a_link(end: str) -> None:
    assert links(f"open http://[2001:db8::5]{end}") == ["http://[2001:db8::5]"]


def test_text_beside_a_fence_is_shown_and_a_language_is_one() -> None:
    assert "get pods" in render("```kubectl get pods\nNAME READY\nweb1 1/1```").html
    assert "READY" in render("```NAME   READY\nweb-1  1/1\n```").html
    assert 'data-language="bash"' in render("```bash\nx\n```").html


def test_emphasis_stands_beside_chinese_punctuation() -> None:
    assert "<strong>注意：</strong>" in render("**注意：**请重启").html
    assert "<strong>「重点」</strong>" in render("这是**「重点」**内容").html


def test_mentions_stand_inside_chinese_text_and_not_inside_an_address() -> None:
    assert mentioned("请@bob看一下") == mentioned("@bob你好") == ["bob"]
    assert mentioned("mail bob@alice.com") == []


def test_the_longest_name_with_signs_is_mentioned() -> None:
    assert mentioned("@bob@corp.example ping") == ["bob@corp.example"]
    assert mentioned("@carol. ping") == ["carol."]
    assert mentioned("@bob.") == ["bob"]


def test_a_package_is_no_mention_of_everybody() -> None:
    assert mentioned("npm i @here/maps-api") == []
    assert mentioned("ping @alice/@bob") == ["alice", "bob"]
    assert mentioned("_@bob_") == ["bob"]


def test_quotes_of_phones_hold_an_argument_together() -> None:
    assert command_line.words("echo a=“hello world” b=‘x’") == ["echo", "a=hello world", "b=x"]


@pytest.mark.parametrize("text", ["\u3164", "\u115f", "\u2800\u2800", "\u034f"])
def test_a_message_that_shows_nothing_is_empty(alice: User, text: str) -> None:
    outcome = Room.objects.create(name="ops").post(alice, text)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "empty"


@pytest.mark.parametrize("text", ["e\u0301", "👩\u200d🚒"])
def test_a_message_of_combined_characters_is_posted(alice: User, text: str) -> None:
    assert isinstance(Room.objects.create(name="ops").post(alice, text), Written)


def test_a_sign_that_turns_text_round_is_shown_and_hebrew_stays() -> None:
    text = "[click \u202egpj.exe](https://example.com/a)"
    assert plain(text, render(text).html) == "click \\u202egpj.exe"
    hebrew = "ראה https://example.com/a כאן"
    assert plain(hebrew, render(hebrew).html) == hebrew


@pytest.mark.parametrize("name", ["نرم\u200cافزار", "dev 👩\u200d🚒"])
def test_a_room_has_a_name_with_joined_letters(name: str) -> None:
    assert names.checked(name) == name


@pytest.mark.parametrize("name", ["\u200d", "\u200b"])
def test_a_lone_joiner_is_no_name(name: str) -> None:
    with pytest.raises(names.BadRoomName):
        names.checked(name)


def test_daily_is_a_schedule_and_seconds_are_not() -> None:
    schedules.checked("@daily", "UTC")
    with pytest.raises(schedules.BadSchedule):
        schedules.checked("* * * * * *", "UTC")


def test_an_address_that_is_not_utf8_makes_no_room(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/chat/%FF/", REQUEST_URI="/chat/%FF/").status_code == 404
    assert not Room.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_search_finds_an_address_whole_and_an_option_with_its_sign(alice: User) -> None:
    room = Room.objects.create(name="ops")
    for text in ("at 10.100.200.101", "at 10.100.200.1015", "10 100 200 101", "rm -rf /tmp/cache", "rm the rf chip"):
        room.post(alice, text)
    assert found(alice, "10.100.200.101") == ["at 10.100.200.101"]
    assert found(alice, "rm -rf") == ["rm -rf /tmp/cache"]
    assert queries.parsed("rm -rf").excluded == ()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="one writer locks the whole database on SQLite only")
def test_a_start_is_busy_while_another_program_locks_the_database(make: Make, alice: User, client: Client) -> None:
    make("web1")
    Room.objects.create(name="ops", owner=alice)
    client.force_login(alice)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=50")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = client.post("/runs/start/", {"room": "ops", "line": "web1"})
    other.close()
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")


def test_a_message_with_marks_keeps_its_indentation() -> None:
    text = "services:\n  web: **x**\n    image: a"
    assert render(text).html == "<p>services:\n  web: <strong>x</strong>\n    image: a</p>"


def test_an_origin_in_another_script_is_the_one_that_browsers_send() -> None:
    assert origins("https://опс.example") == ["https://xn--n1acg.example"]


def test_output_in_gbk_is_text() -> None:
    assert decoding.text("完成".encode("gbk"), "gbk") == "完成"


def test_output_keeps_colours_over_lines_and_follows_the_cursor_up() -> None:
    screen = Screen()
    written = ["\x1b[38;5;208mfirst", "second\x1b[m", "\x1b[2A\x1b[Kdone", "", "\x1b[38;2;1;2;3mthird"]
    for number, line in enumerate(written, 1):
        screen.line(number, line)
    html = [rendering.Line(number, text).html for number, text in screen.shown().items() if text is not None]
    assert [re.sub("<[^>]*>", "", line) for line in html] == ["done", "second", "third"]
    assert 'class="ansi-ink-r' in html[1]
    assert 'class="ansi-ink-r' in html[2]
