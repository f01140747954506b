"""A run's output over HTTP: by lines, searched, and whole. Who may not see the run gets 404 everywhere."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from proj.rooms.web.views import PersonsRequest
from proj.runs.models import Archive, Run
from proj.runs.output import reading, rendering, searching

MOST_LINES = 500
MOST_CHARACTERS = 1_000_000  # in one answer
LONGEST_SEARCH = 200  # characters
LARGEST_LINE = 10**12


@never_cache
@login_required
@require_safe
def lines(request: PersonsRequest, id: UUID) -> JsonResponse:
    """`?from=<line>&count=<1..500>`: the text of that many lines, fewer where they are long or not there yet."""
    run = _run(request, id)
    try:
        first = _whole(request, "from", 1, LARGEST_LINE)
        count = _whole(request, "count", 200, MOST_LINES)
    except ValueError as error:
        return _error(str(error))
    texts: list[str] = []
    size = 0
    for line in reading.lines(run, first, count):
        texts.append(rendering.text(line.data))
        size += len(texts[-1])
        if size > MOST_CHARACTERS:
            break
    return JsonResponse({"from": first, "lines": texts})


@never_cache
@login_required
@require_safe
def search(request: PersonsRequest, id: UUID) -> JsonResponse:
    """`?q=<text>`: the numbers of the lines that hold it, at most 10,000."""
    run = _run(request, id)
    wanted = request.GET.get("q", "")
    if not wanted or len(wanted) > LONGEST_SEARCH:
        return _error(gettext("Search for 1 to {most} characters.").format(most=LONGEST_SEARCH))
    found = searching.find(run, wanted)
    return JsonResponse({"lines": found.numbers, "more": found.more})


@never_cache
@login_required
@require_safe
def group(request: PersonsRequest, id: UUID) -> JsonResponse:
    """`?line=<line>`: where the group that begins there ends; null when it has not ended yet."""
    run = _run(request, id)
    try:
        line = _whole(request, "line", 1, LARGEST_LINE)
    except ValueError as error:
        return _error(str(error))
    return JsonResponse({"end": searching.group_end(run, line)})


@never_cache
@login_required
@require_safe
def raw(request: PersonsRequest, id: UUID) -> HttpResponseBase:
    """All of it as text, byte for byte; of a run that goes on, as much as there is."""
    return _whole_log(request, _run(request, id))


@never_cache
@login_required
@require_safe
def download(request: PersonsRequest, id: UUID) -> HttpResponseBase:
    """As raw(), to keep."""
    run = _run(request, id)
    response = _whole_log(request, run)
    response["Content-Disposition"] = f'attachment; filename="{run.service.uid}-{run.number}.log"'
    return response


def _run(request: PersonsRequest, id: UUID) -> Run:
    return get_object_or_404(Run.objects.for_viewers(request.user).select_related("service"), pk=id)


def _whole_log(request: PersonsRequest, run: Run) -> HttpResponseBase:
    kept = Archive.objects.filter(run=run).first()
    # What nginx sends is packed as it lies there. SENDS_LOGS is nginx's word (uwsgi_params): no client can say it.
    prefix = request.META.get("SENDS_LOGS")
    if kept and prefix and "gzip" in request.headers.get("Accept-Encoding", ""):
        response: HttpResponseBase = HttpResponse(headers={"X-Accel-Redirect": prefix + kept.file})
    else:
        response = StreamingHttpResponse(reading.stream(run))
    response["Content-Type"] = "text/plain; charset=utf-8"
    return response


def _whole(request: PersonsRequest, name: str, default: int, most: int) -> int:
    """The query's parameter `name`, a whole number from 1 to `most`. Raises ValueError with a sentence."""
    text = request.GET.get(name, str(default))
    if text.isascii() and text.isdigit() and len(text) <= 13 and 1 <= int(text) <= most:
        return int(text)
    raise ValueError(f"{name} must be a whole number from 1 to {most}.")


def _error(detail: str) -> JsonResponse:
    """In the form of the protocol's error frames."""
    return JsonResponse({"type": "error", "code": "bad_field", "detail": detail}, status=400)
