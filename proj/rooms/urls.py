from django.urls import path

from proj.rooms import searching, views

app_name = "rooms"
urlpatterns = [
    path("chat/", views.rooms, name="list"),
    path("chat/<str:name>/", views.room, name="room"),
    path("chat/<str:name>/messages/", views.messages, name="messages"),
    path("chat/<str:name>/mute/", views.mute, name="mute"),
    path("chat/<str:name>/<int:seq>/", views.room, name="message"),
    path("search/", searching.page, name="search"),
    path("rooms/emoji/", views.emojis, name="emoji"),
    path("rooms/side/", views.side, name="side"),
]
