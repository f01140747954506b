"""The pages of services and runs."""

import shlex
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext

from proj.accounts.preferences import RunEnds
from proj.rooms.models import Room
from proj.runs import actions
from proj.runs.catalog.parameters import Value
from proj.runs.choices import WhenBusy
from proj.runs.models import EndChoice, Run, RunSet, Service
from proj.runs.output import rendering, steps
from proj.runs.publishing import frames
from proj.runs.refusals import BadParameter, Refused, TooManyStarts
from proj.runs.states import UNSUCCESSFUL, State
from proj.runs.web.forms import ACTIVE_FILTER, FilterForm, ParametersForm, command_parts
from proj.runs.web.listing import bars, folded, listed, summary, with_relations
from proj.site.http import SignedInRequest, page, protocol_error, slow_down
from proj.text import ansi

RUNS_PER_PAGE = 50
# The sign before the title of a run's tab, and the tab's icon, by state.
TABS = {
    State.QUEUED: ("", "favicon.svg"),
    State.RUNNING: ("▶ ", "favicon-running.svg"),
    State.SUCCEEDED: ("✓ ", "favicon-succeeded.svg"),
    State.FAILED: ("✕ ", "favicon-failed.svg"),
    State.TIMED_OUT: ("✕ ", "favicon-failed.svg"),
    State.LOST: ("✕ ", "favicon-failed.svg"),
    State.CANCELED: ("– ", "favicon-canceled.svg"),
}
RECENT_RUNS = 20  # on a service's page


@page()
def services(request: SignedInRequest) -> HttpResponse:
    """The services that the person may see, each with its newest run; `?q=` filters by a part of their names."""
    visible = Service.objects.for_viewers(request.user)
    query = request.GET.get("q", "").replace("\0", "").strip()
    matching = Q(uid__icontains=query) | Q(name__icontains=query) | Q(description__icontains=query)
    found = list(visible.filter(matching).order_by("name", "uid"))
    newest = Run.objects.filter(service__in=found, number=F("service__last_number"))
    last = {run.service_id: listed(run) for run in with_relations(newest)}
    lasted = bars(found)
    startable = set(Service.objects.for_runners(request.user).filter(enabled=True).values_list("pk", flat=True))
    rows = [
        {
            "service": one,
            "last": last.get(one.pk),
            "bars": lasted[one.pk],
            "summary": summary(lasted[one.pk]),
            "may_run": one.pk in startable,
        }
        for one in found
    ]
    context = {"rows": rows, "wanted": query, "any": bool(rows) or visible.exists()}
    return render(request, "runs/services.html", context)


@page(methods=None)
def service(request: SignedInRequest, uid: str) -> HttpResponse:
    """A service: its description, the form that starts it, its newest runs. `?like=<run>` fills in a run's values."""
    service = get_object_or_404(Service.objects.for_viewers(request.user).select_related("room"), uid=uid)
    form = ParametersForm(service, request.POST or None, initial=_values_like(request, service))
    status, refusal = 200, None
    if request.method == "POST":
        form = ParametersForm(service, request.POST)
        status = 400
        if form.is_valid():
            try:
                return redirect(actions.start(service, request.user, form.values))
            except BadParameter as error:
                form.refuse(error)
            except Refused as error:
                refusal = error
                form.add_error(None, error.detail)
                status = error.status
    active = list(with_relations(service.runs.active())[: service.concurrency])
    context = {
        "service": service,
        "form": form,
        "may_run": Service.objects.for_runners(request.user).filter(pk=service.pk).exists(),
        "command": command_parts(service),
        "busy": frames.state(active[0]) if len(active) >= service.concurrency else None,
        "waits": service.when_busy == WhenBusy.QUEUE,
        "ends": EndChoice.of(request.user, service),
        "end_choices": RunEnds.choices,
        "bars": bars([service])[service.pk],
        "told_in": Room.objects.open_to(request.user).filter(services=service).first(),
        "rows": folded([listed(run) for run in with_relations(service.runs.all())[:RECENT_RUNS]]),
        "room": None,  # beside the page, no room is the current one
    }
    answer = render(request, "runs/service.html", context, status=status)
    return slow_down(answer, refusal.error) if isinstance(refusal, TooManyStarts) else answer


def _values_like(request: SignedInRequest, service: Service) -> dict[str, Value]:
    """Return the values of the run in the address, if it is a run of this service."""
    try:
        like = service.runs.filter(pk=UUID(request.GET.get("like", ""))).first()
    except ValueError:
        return {}
    return dict(like.parameters) if like else {}


@page("POST")
def choose_ends(request: SignedInRequest, uid: str) -> HttpResponse:
    """Keep the person's choice `ends` for the runs of a service: RunEnds, or empty for the choices in the settings."""
    service = get_object_or_404(Service.objects.for_viewers(request.user), uid=uid)
    ends = request.POST.get("ends", "")
    if ends and ends not in RunEnds:
        return protocol_error(400, "bad_field", gettext("Choose one of the answers of the page."))
    EndChoice.keep(request.user, service, ends)
    messages.success(request, gettext("Saved."))
    return redirect(service)


@page()
def runs(request: SignedInRequest) -> HttpResponse:
    """The runs that the person may see, newest first: `?service=<uid>&state=<state>&person=<name>&page=<n>`."""
    visible = list(Service.objects.for_viewers(request.user).order_by("name", "uid"))
    form = FilterForm(visible, request.GET)
    matching = Run.objects.for_viewers(request.user)
    filters = {}
    if form.is_valid():
        filters = {name: value for name, value in form.cleaned_data.items() if value}
        matching = _filtered(matching, filters)
    page = Paginator(with_relations(matching), RUNS_PER_PAGE).get_page(request.GET.get("page"))
    found = [listed(run) for run in page]
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "rows": folded(found),
        "hosts": len({run["host"] for run in found} - {""}) > 1,
        "filtered": bool(filters),
        "query": query.urlencode(),
        "services": visible,
    }
    return render(request, "runs/list.html", context)


def _filtered(found: RunSet, filters: dict[str, str]) -> RunSet:
    if "service" in filters:
        found = found.filter(service__uid=filters["service"])
    if "person" in filters:
        found = found.filter(person__username=filters["person"])
    if filters.get("state") == ACTIVE_FILTER:
        found = found.active()
    elif "state" in filters:
        found = found.filter(state=filters["state"])
    return found


@page()
def run(request: SignedInRequest, id: UUID) -> HttpResponse:
    """One run, with the last lines of its output; the page's modules show the rest and follow it."""
    run = get_object_or_404(with_relations(Run.objects.for_viewers(request.user)), pk=id)
    tail = rendering.tail(run)
    shown = listed(run, *frames.watched([run]))
    tabs = {str(state): {"sign": sign, "icon": static(icon)} for state, (sign, icon) in TABS.items()}
    state = {
        "run": shown,
        "ansi": ansi.BROWSER_RULES,
        "line": rendering.BROWSER_RULES,
        "tail": tail.state,
        "tabs": tabs,
        "urls": {name: reverse(f"runs:{name}", args=[id]) for name in ("lines", "search", "group")}
        | {"socket": f"/ws/runs/{id}/"},
    }
    context = {
        "run": run,
        "shown": shown,
        "tab": tabs[run.state],
        "command": shlex.join(run.command),
        "tail": tail,
        "state": state,
        "last_words": steps.last_words(run) if run.state in UNSUCCESSFUL else None,
        "bars": bars([run.service])[run.service_id],
        "may_run": Run.objects.for_runners(request.user).filter(pk=id).exists(),
        "card_room": Room.objects.open_to(request.user).filter(runs=run).first(),
        "room": None,
    }
    return render(request, "runs/run.html", context)


@page("POST")
def cancel(request: SignedInRequest, id: UUID) -> HttpResponse:
    """End a run; its page then shows the progress of that."""
    run = get_object_or_404(Run.objects.for_viewers(request.user).select_related("service"), pk=id)
    try:
        actions.cancel(run, request.user)
    except Refused as error:
        messages.error(request, error.detail)
    return redirect(run)


@page("GET,POST")
def again(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Start the service with the same values; GET shows the question before that.

    The answer leads to the new run's page, or to the form when the start is refused.
    """
    run = get_object_or_404(with_relations(Run.objects.for_viewers(request.user)), pk=id)
    try:
        if request.method != "POST":
            actions.check_runner(run, request.user)
            return render(request, "runs/again.html", {"run": run, "shown": listed(run), "room": None})
        return redirect(actions.again(run, request.user))
    except Refused as error:
        messages.error(request, gettext("Not started: {reason}").format(reason=error.detail))
        return redirect(f"{run.service.get_absolute_url()}?like={run.pk}")
