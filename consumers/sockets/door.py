"""The door: the person of a socket, its origin, and its room. No code behind it asks again for the person."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.http import parse_cookie

from consumers.interface.support.database import ask
from consumers.interface.support.gathering import Gathering
from consumers.interface.transport.asgi import Scope
from proj.accounts.limits.counting import TooOften
from proj.accounts.models import User
from proj.accounts.sessions import people_of
from proj.addresses import Address
from proj.rooms import names
from proj.rooms.models import FormerName, Membership, Room

CLOSE_TOO_FAST = 4429


class Refused(Exception):
    """The socket may not come in: the close code, and an error frame's code and detail."""

    def __init__(self, close_code: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.close_code = close_code
        self.code = code


def signed_out() -> Refused:
    """Return the refusal of a session without a person."""
    return Refused(4401, "signed_out", "Sign in first.")


class NoSuchRoom(Refused):
    """There is no such room for this person."""

    def __init__(self, user: User) -> None:
        super().__init__(4404, "no_such_room", "There is no such room.")
        self.user = user


@dataclass(frozen=True, slots=True)
class Knock:
    """A request to enter a room. `make_room`: make an open room that is missing, as the Channels tutorial does."""

    session: str
    room: str
    make_room: bool


@dataclass(frozen=True, slots=True)
class Admission:
    """The person and the room of an admitted socket."""

    user: User
    room: Room


def from_allowed_origin(scope: Scope) -> bool:
    """Return whether a page of ours opened the socket. Programs send no Origin; browsers always do."""
    return from_origin_among(settings.ALLOWED_ORIGINS, scope)


def from_origin_among(allowed: Collection[str], scope: Scope) -> bool:
    """Return whether a page of one of these origins opened the socket, or a program, which sends none."""
    origins = [value for name, value in scope["headers"] if name == b"origin"]
    return all(_canonical(origin.decode("latin-1")) in allowed for origin in origins)


def _canonical(origin: str) -> str:
    """Return the origin as it stands in the settings: a page at `https://ops.example.org.` is one of ours."""
    try:
        return str(Address.parse(origin))
    except ValueError:
        return ""


def session_key(scope: Scope) -> str:
    """Return the session cookie of the handshake, or an empty string."""
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")


def admit(knocks: Sequence[Knock]) -> list[Admission | Exception]:
    """Answer each knock with an admission or Refused: four or five reads of the database for any number of them."""
    people = people_of({knock.session for knock in knocks})
    keys = {knock.room: _key(knock.room) for knock in knocks}
    rooms = {room.key: room for room in Room.objects.filter(key__in=set(keys.values()))}
    others = set(keys.values()) - rooms.keys()
    if others:  # a page that was open while its room was renamed asks for the former name
        rooms |= {
            former.key: former.room for former in FormerName.objects.filter(key__in=others).select_related("room")
        }
    closed = [room for room in rooms.values() if room.for_members]
    members = set(Membership.objects.filter(room__in=closed).values_list("room", "user")) if closed else set()
    answers: list[Admission | Exception] = []
    for knock in knocks:
        user, room = people.get(knock.session), rooms.get(keys[knock.room])
        if user is None:
            answers.append(signed_out())
        elif room is None or (room.for_members and (room.pk, user.pk) not in members):
            answers.append(NoSuchRoom(user))  # also of a room that the person must not know of
        else:
            answers.append(Admission(user, room))
    return answers


def _key(name: str) -> str:
    try:
        return names.key(name)
    except names.BadRoomName:
        return ""  # no room has it


_room_door: Gathering[Knock, Admission] = Gathering(admit)


def recognize(session_keys: Sequence[str]) -> list[User | Exception]:
    """Answer each session key with its person, or with Refused."""
    people = people_of(set(session_keys))
    return [people.get(key) or signed_out() for key in session_keys]


sign_in_door: Gathering[str, User] = Gathering(recognize)


async def admit_to_room(knock: Knock) -> Admission:
    """Admit a person to a room. Raises Refused, or django.db.Error when the database cannot be read."""
    try:
        return await _room_door.ask(knock)
    except NoSuchRoom as error:
        if not knock.make_room:
            raise
        # Apart from the other knocks: this writes, and while another process writes all of them would wait.
        return await ask(partial(_first_visit, error.user, knock.room))


def _first_visit(user: User, name: str) -> Admission:
    try:
        return Admission(user, Room.visit(user, name))
    except (names.BadRoomName, Room.NameTaken):
        raise NoSuchRoom(user) from None
    except TooOften as error:
        raise Refused(CLOSE_TOO_FAST, "too_fast", str(error)) from None
