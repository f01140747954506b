"""No pages: the load client opens sockets only."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
