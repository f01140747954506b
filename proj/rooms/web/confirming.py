"""Pages that ask before they act: GET shows the question, POST does it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View

from proj.accounts.models import User
from proj.rooms.models import Room, RoomSet
from proj.rooms.web.access import room_of
from proj.site.http import SignedInRequest, page


def ask(request: SignedInRequest, room: Room, question: list[str], verb: str, **more: Any) -> HttpResponse:
    """Show a question and its consequences, with a button `verb`. `more` goes to the template rooms/confirm.html."""
    return render(request, "rooms/confirm.html", {"room": room, "question": question, "verb": verb, **more})


@method_decorator(page("GET,POST"), name="dispatch")
class Confirmed(View):
    """An action on a room that asks before it acts. `rest` are the other parts of the address."""

    among: Callable[[User], RoomSet]
    grave = True  # it cannot simply be undone

    def get(self, request: SignedInRequest, name: str, **rest: Any) -> HttpResponse:
        room = self.room(request, name)
        return ask(request, room, self.question(room, **rest), self.verb(), grave=self.grave)

    def post(self, request: SignedInRequest, name: str, **rest: Any) -> HttpResponse:
        return self.do(request, self.room(request, name), **rest)

    def room(self, request: SignedInRequest, name: str) -> Room:
        return room_of(request.user, name, type(self).among)

    def question(self, room: Room, **rest: Any) -> list[str]:
        """Return the question and then its consequences."""
        raise NotImplementedError

    def verb(self) -> str:
        """Return the label of the button."""
        raise NotImplementedError

    def do(self, request: SignedInRequest, room: Room, **rest: Any) -> HttpResponse:
        raise NotImplementedError
