"""Any Unicode name may be a room's name; an impossible one is refused with a sentence."""

import pytest

from proj.rooms import names
from proj.rooms.models import Room


@pytest.mark.parametrize(
    "name",
    [
        *["lobby", "运维 чат #1", "ops & friends?", "ü", "😀", "100%"],
        "نرم\u200cافزار",
        "dev 👩\u200d🚒",
        "👩🏽\u200d🚒 🏳\ufe0f\u200d🌈 👨\u200d👩\u200d👧",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f 🇩🇪",
        "1\ufe0f\u20e3 ❤\ufe0f",
        "\U0001fae9 \U0001fac6",  # emoji of Unicode 16
        "क\u094d\u200dष क\u094d\u200cष",
        "葛\U000e0100城",
        "⠓\u2800⠊",
    ],
)
def test_any_script_will_do(name: str) -> None:
    assert names.checked(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *["", "  ", "a/b", "a\\b", ".", "..", "a\x00b", "a\u202eb", "x" * 101, "a\ue000", "a\u0378"],
        *[
            "\u200b",
            "\u200d",
            "\u200c",
            "\u2800",
            "\u3164",
            "\u115f",
            "\u034f",
            "\ufe0f",
            "\U000e0067",
            "\u200d \u200d",
        ],
        *["lob\u200cby", "lobby\u200d", "\u200dlobby", "lob\u200dby", "lobby\ufe0f", "lob\u00adby", "运\u200c维"],
        *["lobby1\ufe0f", "نرم\u200c", "lobby\U000e0067\U000e007f", "lob\u3164by", "👩\u200d"],
    ],
)
def test_names_that_cannot_be_shown_or_addressed_are_refused(name: str) -> None:
    with pytest.raises(names.BadRoomName, match="visible characters"):
        names.checked(name)


def test_case_composition_and_spaces_do_not_make_another_room() -> None:
    assert names.key("Lobby") == names.key("lobby")
    assert names.key("cafe\u0301") == names.key("café")
    assert names.key(" two  words ") == names.key("two words")


def test_an_old_name_keeps_its_address_although_the_rules_have_changed(db: None) -> None:
    Room.objects.bulk_create([Room(name="lobby\ufe0f", key=names.key("lobby\ufe0f"))])
    room = Room.objects.get()
    room.keep_days = 3
    room.save()
    assert (room.name, room.key) == ("lobby\ufe0f", "lobby\ufe0f")
    room.name = "den\ufe0f"
    with pytest.raises(names.BadRoomName):
        room.save()


def test_joined_and_separate_letters_make_two_rooms() -> None:
    assert names.key("نرم\u200cافزار") != names.key("نرمافزار")
