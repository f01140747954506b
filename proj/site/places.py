"""The places that a person can go to besides rooms, for the dialog of Ctrl+K.

Each app registers its own in a module `web/places.py`, so that the site imports none of the apps that import it.
`order` is unique: pages for everybody have 10 to 90, services 100, pages of administrators 200 to 290, people 300.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from proj.site.http import SignedInRequest


@dataclass(frozen=True)
class Place:
    """One entry of the dialog; `about` says in a word or two which kind of place it is."""

    name: str
    address: str
    about: str


Source = Callable[[SignedInRequest], Iterable[Place]]

_sources: dict[int, Source] = {}


def register(order: int, source: Source) -> None:
    """Have the dialog list the places that `source(request)` returns, in ascending `order` among all sources."""
    if order in _sources:
        raise ImproperlyConfigured(f"two sources of places have the order {order}")
    _sources[order] = source


def register_page(order: int, name: Promise, view: str) -> None:
    """Register one page that everybody has."""
    register(order, lambda _request: [Place(str(name), reverse(view), _("page"))])


def register_admin_page(order: int, name: Promise, view: str, permitted: Callable[[SignedInRequest], bool]) -> None:
    """Register one page of administrators, listed when `permitted(request)` is true."""

    def source(request: SignedInRequest) -> list[Place]:
        return [Place(str(name), reverse(view), _("administration"))] if permitted(request) else []

    register(order, source)


def may_view(model: type[Model]) -> Callable[[SignedInRequest], bool]:
    """Return the condition that a person may see the rows of `model` in the admin."""

    def permitted(request: SignedInRequest) -> bool:
        return admin.site.has_permission(request) and admin.site.get_model_admin(model).has_view_permission(request)

    return permitted


def offered_to(request: SignedInRequest) -> list[Place]:
    """Return all places of the signed-in person, in the order in which the dialog shows them."""
    return [place for _order, source in sorted(_sources.items()) for place in source(request)]


def autodiscover() -> None:
    """Import the module `web/places.py` of every app of this project that has one."""
    for config in apps.get_app_configs():
        if config.name.startswith("proj.") and (Path(config.path) / "web" / "places.py").exists():
            import_module(f"{config.name}.web.places")
