from django.urls import path

from proj.site.web import views

app_name = "site"
urlpatterns = [
    path("places/", views.places, name="places"),
    path("settings/", views.settings, name="settings"),
]
