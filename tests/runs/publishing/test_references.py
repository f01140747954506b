"""`web1#17` in a message links to a run that everybody may see."""

import pytest

from proj.accounts.models import User
from proj.rooms.models import Room
from proj.runs.models import Run
from tests.runs.conftest import Make

pytestmark = pytest.mark.django_db


def test_a_run_is_linked_when_everybody_may_see_it(make: Make, alice: User) -> None:
    lobby = Room.objects.create(name="lobby")
    run = Run.objects.create(service=make("my_svc"), number=17, command=["true"])
    hidden = make("secret", run_by="listed", seen_by="listed")
    Run.objects.create(service=hidden, number=17, command=["true"])
    lobby.post(alice, "my_svc#17 my_svc#18 secret#17 nothing#17")
    link = f'<a class="reference" href="{run.get_absolute_url()}">my_svc#17</a>'
    assert lobby.events.get().html == f"<p>{link} my_svc#18 secret#17 nothing#17</p>"
