from django.urls import path

from proj.rooms import views

app_name = "rooms"
urlpatterns = [
    path("", views.rooms, name="list"),
    path("<str:name>/", views.room, name="room"),
    path("<str:name>/messages/", views.messages, name="messages"),
]
