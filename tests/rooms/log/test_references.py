"""A message links to rooms that everybody may enter, by their names of today and of before, and tells of no others."""

from urllib.parse import unquote

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from proj.accounts.models import User
from proj.rooms import managing
from proj.rooms.models import Room

pytestmark = pytest.mark.django_db


@pytest.fixture
def lobby(db: None) -> Room:
    return Room.objects.create(name="lobby")


def said(room: Room, author: User, text: str) -> str:
    room.post(author, text)
    return unquote(room.events.latest("seq").html)


def test_an_open_room_is_linked(lobby: Room, alice: User) -> None:
    team = Room.objects.create(name="运维 чат #1")
    assert said(lobby, alice, "#Lobby") == '<p><a class="reference" href="/chat/lobby/">#Lobby</a></p>'
    link = f'<a class="reference" href="{unquote(team.get_absolute_url())}">#运维 чат #1</a>'
    assert said(lobby, alice, "#运维 чат #1") == f"<p>{link}</p>"
    lobby.edit(alice, 1, "to #lobby")
    assert "/chat/lobby/" in lobby.events.get(seq=1).html


def test_a_former_name_leads_to_the_room_until_another_takes_it(lobby: Room, alice: User) -> None:
    den = Room.objects.create(name="den")
    managing.rename(den, "cave", alice)
    assert 'href="/chat/cave/"' in said(lobby, alice, "#den")
    Room.objects.create(name="den", members_only=True)
    assert said(lobby, alice, "#den") == "<p>#den</p>"


def test_no_link_tells_of_a_room_that_is_not_open_to_all(lobby: Room, alice: User) -> None:
    Room.objects.create(name="den", members_only=True)
    Room.objects.create(name="cave", hidden=True)
    managing.archive(Room.objects.create(name="attic"), alice)
    for name in ("den", "cave", "attic", "nowhere"):
        assert said(lobby, alice, f"#{name}") == f"<p>#{name}</p>"


def test_a_batch_asks_once_for_rooms(lobby: Room, alice: User) -> None:
    def statements(text: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            lobby.post(alice, text)
        return len(caught)

    plain = statements("hello C# #12 **x**")
    assert statements("#lobby #nowhere 看#运维群") == plain + 1


def test_old_messages_get_links(lobby: Room, alice: User) -> None:
    html = said(lobby, alice, "#lobby")
    lobby.events.update(html="")
    call_command("rerender")
    assert lobby.events.get().html == html
