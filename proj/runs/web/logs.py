"""A run's output over HTTP: by lines, searched, and whole. For a person that may not see the run all of it is 404."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext

from proj.runs.models import Archive, Run
from proj.runs.output import decoding, reading, rendering, searching
from proj.site.http import SignedInRequest, page, protocol_error, whole_number

MAX_LINES = 500  # in one answer
DEFAULT_LINES = 200
MAX_ANSWER_CHARACTERS = 1_000_000
MAX_SEARCH_CHARACTERS = 200
MAX_LINE_NUMBER = 10**12


@page()
def lines(request: SignedInRequest, id: UUID) -> JsonResponse:
    """`?from=<line>&count=<1..500>`: the text of so many lines; fewer where lines are long or not printed yet.

    It is null for a line that later output was written over.
    """
    run = _run(request, id)
    try:
        first = whole_number(request.GET, "from", maximum=MAX_LINE_NUMBER, default=1)
        count = whole_number(request.GET, "count", maximum=MAX_LINES, default=DEFAULT_LINES)
    except ValueError as error:
        return protocol_error(400, "bad_field", str(error))
    return JsonResponse({"from": first, "lines": rendering.texts(run, first, count, MAX_ANSWER_CHARACTERS)})


@page()
def search(request: SignedInRequest, id: UUID) -> JsonResponse:
    """`?q=<text>`: the numbers of the lines that hold it, at most 10,000."""
    run = _run(request, id)
    wanted = request.GET.get("q", "")
    if not wanted or len(wanted) > MAX_SEARCH_CHARACTERS:
        return protocol_error(
            400, "bad_field", gettext("Search for 1 to {most} characters.").format(most=MAX_SEARCH_CHARACTERS)
        )
    found = searching.find(run, wanted)
    return JsonResponse({"lines": found.numbers, "more": found.more})


@page()
def group(request: SignedInRequest, id: UUID) -> JsonResponse:
    """`?line=<line>`: the last line of the group that begins there; null when the group has no end yet."""
    run = _run(request, id)
    try:
        line = whole_number(request.GET, "line", maximum=MAX_LINE_NUMBER, default=1)
    except ValueError as error:
        return protocol_error(400, "bad_field", str(error))
    return JsonResponse({"end": searching.group_end(run, line)})


@page()
def raw(request: SignedInRequest, id: UUID) -> HttpResponseBase:
    """The whole output as text, byte for byte; of an active run, as much as is stored."""
    return _whole_log(request, _run(request, id))


@page()
def download(request: SignedInRequest, id: UUID) -> HttpResponseBase:
    """As raw(), for the browser to save."""
    run = _run(request, id)
    response = _whole_log(request, run)
    response["Content-Disposition"] = f'attachment; filename="{run.service.uid}-{run.number}.log"'
    return response


def _run(request: SignedInRequest, id: UUID) -> Run:
    return get_object_or_404(Run.objects.for_viewers(request.user).select_related("service"), pk=id)


def _whole_log(request: SignedInRequest, run: Run) -> HttpResponseBase:
    kept = Archive.objects.filter(run=run).first()
    # nginx sends the file as it is, packed. nginx sets SENDS_LOGS (uwsgi_params): no client can.
    prefix = request.META.get("SENDS_LOGS")
    if kept and prefix and "gzip" in request.headers.get("Accept-Encoding", ""):
        response: HttpResponseBase = HttpResponse(headers={"X-Accel-Redirect": prefix + kept.file})
    else:
        response = StreamingHttpResponse(reading.stream(run))
    response["Content-Type"] = f"text/plain; charset={decoding.charset(run.service.encoding)}"
    return response
