from django.urls import path

from proj.runs import reading, starting, views

app_name = "runs"
urlpatterns = [
    path("services/", views.services, name="services"),
    path("services/names/", starting.names, name="names"),
    path("services/<slug:uid>/", views.service, name="service"),
    path("runs/", views.runs, name="list"),
    path("runs/start/", starting.start, name="start"),
    path("runs/cancel/", starting.cancel, name="cancel_named"),
    path("runs/<uuid:id>/", views.run, name="run"),
    path("runs/<uuid:id>/cancel/", views.cancel, name="cancel"),
    path("runs/<uuid:id>/again/", views.again, name="again"),
    path("runs/<uuid:id>/lines/", reading.lines, name="lines"),
    path("runs/<uuid:id>/search/", reading.search, name="search"),
    path("runs/<uuid:id>/group/", reading.group, name="group"),
    path("runs/<uuid:id>/raw/", reading.raw, name="raw"),
    path("runs/<uuid:id>/download/", reading.download, name="download"),
]
