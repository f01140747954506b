from django.urls import path

from proj.runs.web import logs, room_commands, views

app_name = "runs"
urlpatterns = [
    path("services/", views.services, name="services"),
    path("services/names/", room_commands.names, name="names"),
    path("services/<slug:uid>/", views.service, name="service"),
    path("services/<slug:uid>/ends/", views.choose_ends, name="ends"),
    path("runs/", views.runs, name="list"),
    path("runs/start/", room_commands.start, name="start"),
    path("runs/cancel/", room_commands.cancel, name="cancel_named"),
    path("runs/<uuid:id>/", views.run, name="run"),
    path("runs/<uuid:id>/cancel/", views.cancel, name="cancel"),
    path("runs/<uuid:id>/again/", views.again, name="again"),
    path("runs/<uuid:id>/lines/", logs.lines, name="lines"),
    path("runs/<uuid:id>/search/", logs.search, name="search"),
    path("runs/<uuid:id>/group/", logs.group, name="group"),
    path("runs/<uuid:id>/raw/", logs.raw, name="raw"),
    path("runs/<uuid:id>/download/", logs.download, name="download"),
]
