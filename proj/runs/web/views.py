"""The pages of services and runs."""

import shlex
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from proj.rooms.models import Room
from proj.runs import actions
from proj.runs.choices import WhenBusy
from proj.runs.models import Run, RunSet, Service
from proj.runs.output import rendering
from proj.runs.publishing import frames
from proj.runs.refusals import BadParameter, NotAllowed, Refused
from proj.runs.web.forms import ACTIVE, FilterForm, ParametersForm, command_parts
from proj.site.http import SignedInRequest, page

PAGE = 50  # runs on a page
RECENT = 10  # runs on a service's page


@page()
def services(request: SignedInRequest) -> HttpResponse:
    """The services that one may see, each with its newest run; `?q=` looks for a part of their names."""
    visible = Service.objects.for_viewers(request.user)
    wanted = request.GET.get("q", "").replace("\0", "").strip()
    matching = Q(uid__icontains=wanted) | Q(name__icontains=wanted) | Q(description__icontains=wanted)
    found = list(visible.filter(matching).order_by("name", "uid"))
    newest = Run.objects.filter(service__in=found, number=F("service__last_number"))
    last = {run.service_id: _shown(run) for run in _told(newest)}
    mine = set(Service.objects.for_runners(request.user).filter(enabled=True).values_list("pk", flat=True))
    rows = [{"service": one, "last": last.get(one.pk), "may_run": one.pk in mine} for one in found]
    context = {"rows": rows, "wanted": wanted, "any": bool(rows) or visible.exists()}
    return render(request, "runs/services.html", context)


@page(methods=None)
def service(request: SignedInRequest, uid: str) -> HttpResponse:
    """A service: what it does, the form that starts it, its newest runs. `?like=<run>` fills in that run's values."""
    service = get_object_or_404(Service.objects.for_viewers(request.user).select_related("room"), uid=uid)
    form = ParametersForm(service, request.POST or None, initial=_values_like(request, service))
    status = 200
    if request.method == "POST":
        form = ParametersForm(service, request.POST)
        status = 400
        if form.is_valid():
            try:
                return redirect(actions.start(service, request.user, form.values))
            except BadParameter as error:
                form.refuse(error)
            except Refused as error:
                form.add_error(None, error.detail)
                status = 403 if isinstance(error, NotAllowed) else 409
    active = list(_told(service.runs.active())[: service.concurrency])
    context = {
        "service": service,
        "form": form,
        "may_run": Service.objects.for_runners(request.user).filter(pk=service.pk).exists(),
        "command": command_parts(service),
        "busy": frames.state(active[0]) if len(active) >= service.concurrency else None,
        "waits": service.when_busy == WhenBusy.QUEUE,
        "runs": [_shown(run) for run in _told(service.runs.all())[:RECENT]],
        "room": None,  # beside the page, no room is the current one
    }
    return render(request, "runs/service.html", context, status=status)


def _values_like(request: SignedInRequest, service: Service) -> dict[str, Any]:
    """The values of the run that the address names, if it is one of this service."""
    try:
        like = service.runs.filter(pk=UUID(request.GET.get("like", ""))).first()
    except ValueError:
        return {}
    return dict(like.parameters) if like else {}


@page()
def runs(request: SignedInRequest) -> HttpResponse:
    """The runs that one may see, newest first: `?service=<uid>&state=<state>&person=<name>&page=<n>`."""
    visible = list(Service.objects.for_viewers(request.user).order_by("name", "uid"))
    form = FilterForm(visible, request.GET)
    found = Run.objects.for_viewers(request.user)
    filters = {}
    if form.is_valid():
        filters = {name: value for name, value in form.cleaned_data.items() if value}
        found = _filtered(found, filters)
    page = Paginator(_told(found), PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "runs": [_shown(run) for run in page],
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
    if filters.get("state") == ACTIVE:
        found = found.active()
    elif "state" in filters:
        found = found.filter(state=filters["state"])
    return found


@page()
def run(request: SignedInRequest, id: UUID) -> HttpResponse:
    """One run, with the last lines of its output; the page's modules show the rest, and what comes."""
    run = get_object_or_404(_told(Run.objects.for_viewers(request.user)), pk=id)
    tail = rendering.tail(run)
    state = {
        "run": frames.state(run),
        "tail": {"first": tail.first, "lines": [line.text for line in tail.lines], "offset": tail.offset},
        "urls": {name: reverse(f"runs:{name}", args=[id]) for name in ("lines", "search", "group")}
        | {"socket": f"/ws/runs/{id}/"},
    }
    context = {
        "run": run,
        "told": _shown(run),
        "command": shlex.join(run.command),
        "tail": tail,
        "state": state,
        "may_run": Run.objects.for_runners(request.user).filter(pk=id).exists(),
        "heard_in": Room.objects.open_to(request.user).filter(runs=run).first(),
        "room": None,
    }
    return render(request, "runs/run.html", context)


@page("POST")
def cancel(request: SignedInRequest, id: UUID) -> HttpResponse:
    """End a run; its page then says how far that is."""
    run = get_object_or_404(Run.objects.for_viewers(request.user).select_related("service"), pk=id)
    try:
        actions.cancel(run, request.user)
    except Refused as error:
        messages.error(request, error.detail)
    return redirect(run)


@page("POST")
def again(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Run the same with the same values: to the new run's page, or to the form when that is refused."""
    run = get_object_or_404(Run.objects.for_viewers(request.user).select_related("service"), pk=id)
    try:
        return redirect(actions.again(run, request.user))
    except Refused as error:
        messages.error(request, gettext("Not started: {reason}").format(reason=error.detail))
        return redirect(f"{run.service.get_absolute_url()}?like={run.pk}")


def _told(runs: RunSet) -> RunSet:
    """With what frames.state() looks at."""
    return runs.select_related("service", "person")


def _shown(run: Run) -> dict[str, Any]:
    """A run as viewers are told of it, and what pages alone show: how who started it is called."""
    return frames.state(run) | {"called": run.person.display_name if run.person else ""}
