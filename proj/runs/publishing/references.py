"""References to runs in messages: `web1#17` is the seventeenth run of the service web1."""

from collections.abc import Collection

from django.db.models import Q

from proj.runs.choices import Audience
from proj.runs.models import Run


def addresses(references: Collection[str]) -> dict[str, str]:
    """Return the addresses of those runs that exist and that everybody may see."""
    parts = [reference.rpartition("#") for reference in references]
    to_all = Q(service__seen_by=Audience.EVERYONE) | Q(service__run_by=Audience.EVERYONE)
    runs = Run.objects.filter(
        to_all, service__uid__in={uid for uid, _, _ in parts}, number__in={int(number) for _, _, number in parts}
    )
    found = {f"{uid}#{number}": f"/runs/{id}/" for uid, number, id in runs.values_list("service__uid", "number", "pk")}
    return {reference: found[reference] for reference in references if reference in found}
