"""The page of addresses that lead nowhere."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it by name
    """Answer 404. Django's own view reads the form first, and fails with 500 when the form cannot be read."""
    return render(request, "404.html", status=404)
