"""A run's output over HTTP: by lines, searched, and whole. Who may not see the run gets 404 everywhere."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext

from proj.runs.models import Archive, Run
from proj.runs.output import reading, rendering, searching
from proj.site.http import SignedInRequest, page, protocol_error, whole_number

MOST_LINES = 500
MOST_CHARACTERS = 1_000_000  # in one answer
LONGEST_SEARCH = 200  # characters
LARGEST_LINE = 10**12


@page()
def lines(request: SignedInRequest, id: UUID) -> JsonResponse:
    """`?from=<line>&count=<1..500>`: the text of that many lines, fewer where they are long or not there yet."""
    run = _run(request, id)
    try:
        first = whole_number(request.GET, "from", maximum=LARGEST_LINE, default=1)
        count = whole_number(request.GET, "count", maximum=MOST_LINES, default=200)
    except ValueError as error:
        return protocol_error(400, "bad_field", str(error))
    texts: list[str] = []
    size = 0
    for line in reading.lines(run, first, count):
        texts.append(rendering.text(line.data))
        size += len(texts[-1])
        if size > MOST_CHARACTERS:
            break
    return JsonResponse({"from": first, "lines": texts})


@page()
def search(request: SignedInRequest, id: UUID) -> JsonResponse:
    """`?q=<text>`: the numbers of the lines that hold it, at most 10,000."""
    run = _run(request, id)
    wanted = request.GET.get("q", "")
    if not wanted or len(wanted) > LONGEST_SEARCH:
        return protocol_error(
            400, "bad_field", gettext("Search for 1 to {most} characters.").format(most=LONGEST_SEARCH)
        )
    found = searching.find(run, wanted)
    return JsonResponse({"lines": found.numbers, "more": found.more})


@page()
def group(request: SignedInRequest, id: UUID) -> JsonResponse:
    """`?line=<line>`: where the group that begins there ends; null when it has not ended yet."""
    run = _run(request, id)
    try:
        line = whole_number(request.GET, "line", maximum=LARGEST_LINE, default=1)
    except ValueError as error:
        return protocol_error(400, "bad_field", str(error))
    return JsonResponse({"end": searching.group_end(run, line)})


@page()
def raw(request: SignedInRequest, id: UUID) -> HttpResponseBase:
    """All of it as text, byte for byte; of a run that goes on, as much as there is."""
    return _whole_log(request, _run(request, id))


@page()
def download(request: SignedInRequest, id: UUID) -> HttpResponseBase:
    """As raw(), to keep."""
    run = _run(request, id)
    response = _whole_log(request, run)
    response["Content-Disposition"] = f'attachment; filename="{run.service.uid}-{run.number}.log"'
    return response


def _run(request: SignedInRequest, id: UUID) -> Run:
    return get_object_or_404(Run.objects.for_viewers(request.user).select_related("service"), pk=id)


def _whole_log(request: SignedInRequest, run: Run) -> HttpResponseBase:
    kept = Archive.objects.filter(run=run).first()
    # What nginx sends is packed as it lies there. SENDS_LOGS is nginx's word (uwsgi_params): no client can say it.
    prefix = request.META.get("SENDS_LOGS")
    if kept and prefix and "gzip" in request.headers.get("Accept-Encoding", ""):
        response: HttpResponseBase = HttpResponse(headers={"X-Accel-Redirect": prefix + kept.file})
    else:
        response = StreamingHttpResponse(reading.stream(run))
    response["Content-Type"] = "text/plain; charset=utf-8"
    return response
