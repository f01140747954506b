"""The user of a session, looked up when a consumer first needs it."""

from types import SimpleNamespace

from django.contrib import auth
from django.contrib.sessions.backends.base import SessionBase
from django.utils.functional import SimpleLazyObject


def lazy_user(session: SessionBase | None) -> object:
    """Return the user that the session is signed in as, or an AnonymousUser. The lookup waits for the first use."""
    return SimpleLazyObject(lambda: _user(session))


def _user(session: SessionBase | None) -> object:
    """Return the user, after Django's own checks: the backend, the session's hash, the account's activity."""
    # The models are not loaded yet when a routing is imported.
    from django.contrib.auth.models import AnonymousUser

    if session is None:
        return AnonymousUser()
    try:
        return auth.get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]
    except AttributeError:
        # A session may name a backend that only counts failures, and has no get_user.
        if hasattr(auth.load_backend(session[auth.BACKEND_SESSION_KEY]), "get_user"):
            raise
        return AnonymousUser()
