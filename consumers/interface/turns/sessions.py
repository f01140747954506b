"""The session of a socket as other code sees it, which has only the socket's name: everything but the sign-in.

In Channels 1.x the name of a socket was enough to take over its sign-in.
"""

import json

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY


def _sign_in_keys() -> set[str]:
    """Return the keys of the sign-in, and that of the web session (`channel_and_http_session`)."""
    return {SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY, settings.SESSION_COOKIE_NAME}


def shown_session(session: str) -> str:
    """Return the session without its sign-in; both are JSON text, and empty for an empty session."""
    data = json.loads(session) if session else {}
    rest = {key: value for key, value in data.items() if key not in _sign_in_keys()}
    return json.dumps(rest) if rest else ""


def replaced_session(session: str, text: str) -> str:
    """Return `text` with the sign-in of `session`. Raise ValueError when it is no session."""
    data = json.loads(text) if text else {}
    if not isinstance(data, dict):
        raise ValueError("a session is a dictionary")
    hidden = _sign_in_keys()
    kept = {key: value for key, value in (json.loads(session) if session else {}).items() if key in hidden}
    new = {key: value for key, value in data.items() if key not in hidden} | kept
    return json.dumps(new, ensure_ascii=False, separators=(",", ":")) if new else ""
