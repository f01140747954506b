"""The views that every page of the site uses."""

from dataclasses import asdict

from django.http import JsonResponse

from proj.site.http import SignedInRequest, page
from proj.site.places import offered_to


@page()
def places(request: SignedInRequest) -> JsonResponse:
    """The places for the dialog of Ctrl+K, which asks when it is opened: a list of objects with Place's fields."""
    return JsonResponse([asdict(place) for place in offered_to(request)], safe=False)
