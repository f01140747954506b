"""The pages of runs and services, and the services themselves, in the dialog of Ctrl+K."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from proj.runs.models import Service
from proj.site import places
from proj.site.http import SignedInRequest
from proj.site.places import Place

MAX_SERVICES = 200


def services(request: SignedInRequest) -> Iterator[Place]:
    """The services that the person may see."""
    for service in Service.objects.for_viewers(request.user).order_by("name", "uid")[:MAX_SERVICES]:
        about = _("service") if service.uid == service.name else f"{service.uid} · {_('service')}"
        yield Place(service.name, service.get_absolute_url(), about)


places.register_page(20, gettext_lazy("Runs"), "runs:list")
places.register_page(30, gettext_lazy("Services"), "runs:services")
places.register(100, services)
places.register_admin_page(230, gettext_lazy("Services"), "admin:runs_service_changelist", places.may_view(Service))
