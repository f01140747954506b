"""Commands in a room: `/run web1 version=1.4`, `/cancel web1`, and the names that complete these."""

from django.http import JsonResponse
from django.utils.translation import gettext

from proj.rooms.models import Room
from proj.rooms.names import BadRoomName
from proj.runs import actions
from proj.runs.models import Run, Service
from proj.runs.refusals import AlreadyOver, BadParameter, NotAllowed, Refused, TooManyStarts
from proj.runs.states import State
from proj.runs.web import command_line
from proj.site.http import SignedInRequest, page, protocol_error, slow_down

MAX_COMMAND_LINE_CHARACTERS = 20_000
MAX_RUN_NUMBER_DIGITS = 18
MAX_CHOICES = 5  # runs that an ambiguous /cancel lists


@page("POST")
def start(request: SignedInRequest) -> JsonResponse:
    """`room=<name>&line=web1 version=1.4`, as command_line.py reads it: start the run, with its card in that room."""
    try:
        room = Room.called(request.user, request.POST.get("room", ""), Room.objects.of)
    except (Room.DoesNotExist, Room.NoAccess, BadRoomName):
        return protocol_error(404, "no_such_room", gettext("There is no such room."))
    try:
        words = command_line.words(request.POST.get("line", "")[:MAX_COMMAND_LINE_CHARACTERS])
    except command_line.NotClosed:
        return protocol_error(400, "bad_parameter", gettext("A quote is not closed."))
    if not words:
        return protocol_error(400, "bad_parameter", gettext("Say what to run: /run SERVICE name=value"))
    try:
        run = actions.start(_service(request, words[0]), request.user, actions.named(words[1:]), room=room)
    except TooManyStarts as refusal:
        return slow_down(protocol_error(refusal.status, refusal.code, refusal.detail), refusal.error)
    except Refused as error:
        return protocol_error(409, error.code, error.detail)
    return JsonResponse({"run": str(run.pk), "url": run.get_absolute_url()})


@page("POST")
def cancel(request: SignedInRequest) -> JsonResponse:
    """`line=web1` or `line=web1#17`: end that run, or the only active run of the service."""
    try:
        run = actions.cancel(_run(request, request.POST.get("line", "").strip()), request.user)
    except Refused as error:
        return protocol_error(409, error.code, error.detail)
    if run.state == State.CANCELED:
        detail = gettext("{run} is canceled.").format(run=run)
    else:
        detail = gettext("{run} is being ended.").format(run=run)
    return JsonResponse({"run": str(run.pk), "url": run.get_absolute_url(), "detail": detail})


@page()
def names(request: SignedInRequest) -> JsonResponse:
    """The services that the person may start: uid, name, and parameters with their possible values."""
    found = Service.objects.for_runners(request.user).filter(enabled=True)
    services = [
        {
            "uid": service.uid,
            "name": service.name,
            "parameters": [
                {
                    "name": one.name,
                    "needed": one.required and one.default is None,
                    "values": ["true", "false"] if one.type == "boolean" else list(one.choices),
                }
                for one in service.parameters_described()
            ],
        }
        for service in found
    ]
    return JsonResponse({"services": services})


def _service(request: SignedInRequest, uid: str) -> Service:
    """Return the service with this uid if the person may see it. Raises NotAllowed."""
    seen = Service.objects.for_viewers(request.user)
    service = seen.filter(uid=uid).first() if uid.isprintable() else None  # PostgreSQL refuses a NUL
    if service is None:
        raise NotAllowed(gettext("There is no service {uid} that you may see.").format(uid=uid))
    return service


def _run(request: SignedInRequest, name: str) -> Run:
    """Return the run with this name. Raises NotAllowed, AlreadyOver or BadParameter."""
    uid, mark, number = name.partition("#")
    service = _service(request, uid)
    if not mark:
        found = list(service.runs.active().order_by("number"))
    else:
        known = number.isdecimal() and len(number) <= MAX_RUN_NUMBER_DIGITS
        found = list(service.runs.filter(number=int(number))) if known else []
    if not found:
        raise AlreadyOver(gettext("{service} has no run that could be canceled.").format(service=service))
    if len(found) > 1:
        several = ", ".join(f"{service}#{run.number}" for run in found[:MAX_CHOICES])
        raise BadParameter("", gettext("Say which: {runs}.").format(runs=several))
    return found[0]
