"""Frames carry the rules by which pages show their events."""

from datetime import UTC, datetime

import pytest

from proj.rooms.log.frames import MAX_UNFOLDED_CHARACTERS, MAX_UNFOLDED_LINES, Kind, encoded, event

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("kind", [Kind.POSTED, Kind.EDITED])
@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("x" * MAX_UNFOLDED_CHARACTERS, False),
        ("x" * (MAX_UNFOLDED_CHARACTERS + 1), True),
        ("\U0001f389" * MAX_UNFOLDED_CHARACTERS, False),  # characters, not UTF-16 units
        ("\n".join(["x"] * MAX_UNFOLDED_LINES), False),
        ("\n".join(["x"] * (MAX_UNFOLDED_LINES + 1)), True),
    ],
)
def test_a_frame_says_that_its_message_is_folded(kind: Kind, text: str, long: bool) -> None:
    assert event(kind, 1, "alice", text, NOW, "").get("long", False) is long


@pytest.mark.parametrize(
    ("kind", "author", "text", "variant"),
    [
        (Kind.MEMBER_ADDED, "alice", "bob", None),
        (Kind.MEMBER_ADDED, "bob", "bob", "member.joined"),
        (Kind.MEMBER_REMOVED, "bob", "bob", "member.left"),
        (Kind.ROOM_RENAMED, "ops", "ops", None),
        (Kind.POSTED, "bob", "bob", None),
    ],
)
def test_a_frame_says_which_sentence_describes_a_happening(
    kind: Kind, author: str, text: str, variant: str | None
) -> None:
    assert event(kind, 1, author, text, NOW, "").get("variant") == variant


def test_the_frame_of_a_plain_message_carries_nothing_for_pages() -> None:
    assert encoded(event(Kind.POSTED, 42, "alice", "hi", NOW, "id")) == (
        '{"type":"message.posted","seq":42,"author":"alice","text":"hi","at":"2026-01-31T12:00:00.000000Z","client_id":"id"}'
    )
