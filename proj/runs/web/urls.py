from django.urls import path

from proj.runs.web import output, starting, views

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
    path("runs/<uuid:id>/lines/", output.lines, name="lines"),
    path("runs/<uuid:id>/search/", output.search, name="search"),
    path("runs/<uuid:id>/group/", output.group, name="group"),
    path("runs/<uuid:id>/raw/", output.raw, name="raw"),
    path("runs/<uuid:id>/download/", output.download, name="download"),
]
