"""The page `/metrics`, for Prometheus."""

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from proj.metrics.access import may_read
from proj.metrics.collecting import exposition


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return all metrics to authorized readers. The refusal gives no reason."""
    if not may_read(request):
        return HttpResponseForbidden()
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
