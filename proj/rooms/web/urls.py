from django.urls import path

from proj.rooms.web import history, members, room_settings, searching, views

app_name = "rooms"
urlpatterns = [
    path("chat/", views.rooms, name="list"),
    path("chat/<str:name>/", views.room, name="room"),
    path("chat/<str:name>/messages/", history.messages, name="messages"),
    path("chat/<str:name>/mute/", views.mute, name="mute"),
    path("chat/<str:name>/unread/", views.unread, name="unread"),
    path("chat/<str:name>/<int:seq>/", views.room, name="message"),
    path("search/", searching.search, name="search"),
    path("chat/<str:name>/settings/", room_settings.settings, name="settings"),
    path("chat/<str:name>/settings/rename/", room_settings.rename, name="rename"),
    path("chat/<str:name>/settings/keep/", room_settings.keep, name="keep"),
    path("chat/<str:name>/settings/archive/", room_settings.Archive.as_view(), name="archive"),
    path("chat/<str:name>/settings/unarchive/", room_settings.unarchive, name="unarchive"),
    path("chat/<str:name>/settings/invite/", members.invite, name="invite"),
    path("chat/<str:name>/settings/links/", members.make_link, name="make-link"),
    path("chat/<str:name>/settings/links/<int:number>/revoke/", members.RevokeLink.as_view(), name="revoke-link"),
    path("chat/<str:name>/settings/members/<str:who>/remove/", members.Remove.as_view(), name="remove-member"),
    path("chat/<str:name>/settings/leave/", members.Leave.as_view(), name="leave"),
    path("rooms/new/", room_settings.new, name="new"),
    path("rooms/emoji/", views.emojis, name="emoji"),
    path("rooms/cards/", views.cards_now, name="cards"),
    path("rooms/side/", views.side, name="side"),
    path("join/", members.join, name="join"),
]
