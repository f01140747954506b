"""Receivers of signals: after any change to people and sessions sockets are checked, and sessions get records."""

import json
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.base_session import AbstractBaseSession
from django.http import HttpRequest
from django.utils import timezone

from proj.accounts.access import changed
from proj.accounts.models import PeopleSet, SessionRecord, User
from proj.accounts.records.models import hash_of
from proj.accounts.web import confirming, devices
from proj.layer.messages import PersonFrame
from proj.layer.publish import publish


def when_user_saved(instance: User, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    """Receive post_save: the password, `is_active` or `is_staff` may have changed."""
    if not created and (update_fields is None or update_fields & PeopleSet.access_fields):
        changed(instance.pk)


def when_user_deleted(instance: User, **_: Any) -> None:
    """Receive post_delete of a person."""
    changed(instance.pk)


def when_session_deleted(instance: AbstractBaseSession, **_: Any) -> None:
    """Receive post_delete of a session: by signing out, by a new password, by an administrator."""
    person = instance.get_decoded().get(SESSION_KEY)
    if person is not None and instance.expire_date > timezone.now():
        changed(int(person))


def when_signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    """Receive user_logged_in: store the record of the session, which has its new key already, or gets it here."""
    confirming.note(request)
    if request.session.session_key is None:
        request.session.save()
    key = request.session.session_key or ""
    device, address, known = devices.of(request), devices.address(request), devices.is_known(request, user)
    if SessionRecord.objects.all().begin(user.pk, key, device, address, known=known):
        at = timezone.now().isoformat(timespec="seconds").replace("+00:00", "Z")
        frame = {"type": "signed_in", "browser": device.browser, "system": device.system, "address": address, "at": at}
        publish(PersonFrame(user=user.pk, frame=json.dumps(frame)))


def when_signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    """Receive user_logged_out, which Django sends just before it deletes the session."""
    if user is not None:
        SessionRecord.objects.filter(key_hash=hash_of(request.session.session_key or "")).end()
