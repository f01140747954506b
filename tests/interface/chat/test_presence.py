"""The people in the rooms of one interface process, and in those of its neighbours."""

from consumers.interface.chat.presence import Presences
from proj.layer.messages import RoomPresence

ROOM = 7


def test_a_person_who_reloads_the_only_page_still_sees_the_people_of_other_processes() -> None:
    presences = Presences("here")
    presences.enter(ROOM, "alice")
    presences.receive(RoomPresence(room=ROOM, process="there", here=["bob"], ask=False), 100.0)
    presences.leave(ROOM, "alice")
    presences.enter(ROOM, "alice")
    assert presences.fields(ROOM, 101.0)["here"] == ["alice", "bob"]


def test_a_process_that_ends_takes_leave_of_the_rooms_that_it_has_not_announced_as_empty() -> None:
    presences = Presences("here")
    for room, name in ((1, "alice"), (2, "bob"), (3, "charlie")):
        presences.enter(room, name)
        presences.leave(room, name)
    presences.forget(2)
    assert [(message.room, message.here) for message in presences.farewells()] == [(1, []), (3, [])]


def test_a_room_with_people_is_not_forgotten() -> None:
    presences = Presences("here")
    presences.enter(ROOM, "alice")
    presences.forget(ROOM)
    assert presences.fields(ROOM, 1.0)["count"] == 1
