"""`python -m benchmarks.people PEOPLE`: create signed-in people; print their `Cookie` headers as JSON.

DJANGO_SETTINGS_MODULE selects Signalbox or the stock chat. For Signalbox it creates the rooms as well.
"""

import json
import sys

import django

from benchmarks.scenarios import ROOMS, room_name


def cookies(count: int) -> list[str]:
    """Create people with sessions; return their `Cookie` headers."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model

    engine = import_module(settings.SESSION_ENGINE)
    found = []
    for number in range(count):
        person = get_user_model().objects.create(username=f"person-{number}")
        session = engine.SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.save()
        found.append(f"{settings.SESSION_COOKIE_NAME}={session.session_key}")
    return found


def main() -> None:
    django.setup()
    from django.apps import apps
    from django.db import transaction

    with transaction.atomic():
        found = cookies(int(sys.argv[1]))
        if apps.is_installed("proj.rooms"):
            for number in range(ROOMS):
                apps.get_model("rooms", "Room").objects.create(name=room_name(number))
    print("cookies:" + json.dumps(found))


if __name__ == "__main__":
    main()
