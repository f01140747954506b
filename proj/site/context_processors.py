"""Values for every template of a signed-in person."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from proj.accounts.preferences import Preferences


def preferences(request: HttpRequest) -> dict[str, "SimpleLazyObject[Preferences]"]:
    """Return `preferences` of the signed-in person, which are read from the database when a template uses them."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {"preferences": SimpleLazyObject(lambda: Preferences.of(user))}
