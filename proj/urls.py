"""The addresses that uwsgi serves."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from proj.site import places
from proj.team_code.loading import discover

discover(admin.autodiscover, "the admin")
admin.site.site_header = admin.site.site_title = "Signalbox"
places.autodiscover()

handler500 = "proj.site.middleware.server_error"
handler404 = "proj.site.web.errors.not_found"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="rooms:list"), name="home"),
    path("", include("proj.site.web.urls")),
    path("", include("proj.rooms.web.urls")),
    path("", include("proj.runs.web.urls")),
    path("", include("proj.accounts.web.urls")),
    path("", include("proj.metrics.urls")),
    path("admin/", admin.site.urls),
]
