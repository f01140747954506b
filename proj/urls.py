"""What uwsgi serves."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from proj.places import places

admin.autodiscover()
admin.site.site_header = admin.site.site_title = "Signalbox"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="rooms:list"), name="home"),
    path("", include("proj.rooms.urls")),
    path("", include("proj.runs.urls")),
    path("", include("proj.accounts.urls")),
    path("", include("proj.metrics.urls")),
    path("places/", places, name="places"),
    path("admin/", admin.site.urls),
]
