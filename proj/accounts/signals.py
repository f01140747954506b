"""Receivers of signals: after changes to people their open sockets are checked, and sessions get records."""

import json
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from proj.accounts.access import changed
from proj.accounts.models import SessionRecord, User
from proj.accounts.records.models import hash_of
from proj.accounts.web import confirming, devices
from proj.layer.messages import PersonFrame
from proj.layer.publish import publish


def when_user_saved(instance: User, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    """Receive post_save: the password or `is_active` may have changed. Signing in saves only `last_login`."""
    if not created and update_fields != frozenset({"last_login"}):
        changed(instance.pk)


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
    """Receive user_logged_out, which Django sends just before it deletes the session; the check waits a moment."""
    if user is not None:
        SessionRecord.objects.filter(key_hash=hash_of(request.session.session_key or "")).end()
        changed(user.pk)
