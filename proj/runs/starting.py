"""Starting runs from a room: `/run web1 version=1.4`, and the names that complete it."""

import shlex

from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from proj.rooms.models import Room
from proj.rooms.names import BadRoomName
from proj.rooms.views import PersonsRequest
from proj.runs import verbs
from proj.runs.models import Service
from proj.runs.refusals import NotAllowed, Refused

LONGEST = 20_000  # characters of a command line


@never_cache
@login_required
@require_POST
def start(request: PersonsRequest) -> JsonResponse:
    """`room=<name>&line=web1 version=1.4`, with quotes as a shell has them: start it, heard of in that room."""
    try:
        room = Room.called(request.user, request.POST.get("room", ""), Room.objects.of)
    except (Room.DoesNotExist, Room.NoAccess, BadRoomName):
        return _answer(404, "no_such_room", gettext("There is no such room."))
    try:
        words = shlex.split(request.POST.get("line", "")[:LONGEST])
    except ValueError:
        return _answer(400, "bad_parameter", gettext("A quote is not closed."))
    if not words:
        return _answer(400, "bad_parameter", gettext("Say what to run: /run SERVICE name=value"))
    try:
        run = verbs.start(_service(request, words[0]), request.user, verbs.named(words[1:]), room=room)
    except Refused as error:
        return _answer(409, error.code, error.detail)
    return JsonResponse({"run": str(run.pk), "url": run.get_absolute_url()})


@never_cache
@login_required
@require_safe
def names(request: PersonsRequest) -> JsonResponse:
    """What one may start: uids and names, each with its parameters, and what these may be."""
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


def _service(request: PersonsRequest, uid: str) -> Service:
    """The service as this person may see it. Raises NotAllowed."""
    seen = Service.objects.for_viewers(request.user)
    service = seen.filter(uid=uid).first() if uid.isprintable() else None  # PostgreSQL refuses to look for a NUL
    if service is None:
        raise NotAllowed(gettext("There is no service {uid} that you may see.").format(uid=uid))
    return service


def _answer(status: int, code: str, detail: str) -> JsonResponse:
    """In the form of the protocol's error frames."""
    return JsonResponse({"type": "error", "code": code, "detail": detail}, status=status)
