"""Posted fields that are secret: no page is written with their values, not even one that carries a form on."""

from django.http import HttpRequest

NOT_SECRET = {"usable_password"}  # Django's choice whether a new account has a password at all


def has_secret(request: HttpRequest) -> bool:
    """Return whether the posted form has a password or a one-time code in it."""
    return any(
        ("password" in name or name == "code") and name not in NOT_SECRET and any(values)
        for name, values in request.POST.lists()
    )
