"""The list behind Ctrl+K, and the settings page."""

from dataclasses import asdict

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from proj.accounts.limits.counting import TooOften
from proj.accounts.preferences import Preferences
from proj.site.http import SignedInRequest, page, slow_down
from proj.site.places import offered_to
from proj.site.web.forms import SettingsForm


@page()
def places(request: SignedInRequest) -> JsonResponse:
    """The places for the dialog of Ctrl+K, which asks when it is opened: a list of objects with Place's fields."""
    return JsonResponse([asdict(place) for place in offered_to(request)], safe=False)


@page("GET,POST")
def settings(request: SignedInRequest) -> HttpResponse:
    """The person's preferences and display name."""
    form = SettingsForm(request.POST if request.method == "POST" else None, instance=Preferences.of(request.user))
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except TooOften as error:
            form.add_error("display_name", str(error))
            return slow_down(render(request, "site/settings.html", {"form": form}), error)
        messages.success(request, _("Saved."))
        return redirect("site:settings")
    return render(request, "site/settings.html", {"form": form})
