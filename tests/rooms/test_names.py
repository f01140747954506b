"""Any Unicode name may be a room's name; an impossible one is refused with a sentence."""

import pytest

from proj.rooms import names


@pytest.mark.parametrize("name", ["lobby", "运维 чат #1", "ops & friends?", "ü", "😀", "100%"])
def test_any_script_will_do(name: str) -> None:
    assert names.checked(name) == name


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\\b", ".", "..", "a\x00b", "a\u202eb", "x" * 101, "\u200b"])
def test_names_that_cannot_be_shown_or_addressed_are_refused(name: str) -> None:
    with pytest.raises(names.BadRoomName, match="visible characters"):
        names.checked(name)


def test_case_composition_and_spaces_do_not_make_another_room() -> None:
    assert names.key("Lobby") == names.key("lobby")
    assert names.key("cafe\u0301") == names.key("café")
    assert names.key(" two  words ") == names.key("two words")
