"""The session of one socket. It lives beside the socket and travels with its messages; no table holds it.

Channels 1.x kept it among the web sessions, under a key that followed from the socket's public name: a person who knew
that name could take over the sign-in inside. Here a socket's name gives everything but the sign-in.
"""

import json
import secrets
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from channels_legacy.layers.protocol import Layer

SESSION_BYTES = 65_536
KEY_BYTES = 16
_KEY = "_signalbox_session_key"
_LOADING = "loading"  # SessionBase loads no data while a session has no key


class SessionTooLarge(ValueError):
    """The session of a socket is larger than one may be."""


class ChannelSession(SessionBase):
    """A socket's session over `layer.session()`. The values are JSON types, as in Django's own sessions.

    With `anywhere` it is that of any socket, and has no sign-in unless the socket is that of the running consumer.
    """

    def __init__(self, reply_channel: str, layer: Layer, anywhere: bool = False) -> None:
        super().__init__()
        self._read = layer.find_session if anywhere else layer.session
        self._write = layer.replace_session if anywhere else layer.save_session
        self._reply_channel = reply_channel
        self._random_key = _LOADING
        self.keys()  # loads the data and the name
        self.accessed = False

    @property
    def session_key(self) -> str:
        """A random name for this session. It is made at its first use, kept with the session, and opens nothing."""
        if not self._random_key:
            self._random_key = secrets.token_hex(KEY_BYTES)
            self.modified = True
        return self._random_key

    def load(self) -> dict[str, Any]:
        """Return the data of the session."""
        data = self._read(self._reply_channel)
        self._random_key = data.pop(_KEY, "")
        return data

    def save(self, must_create: bool = False) -> None:
        """Keep the session. Raise TypeError for a value that JSON lacks, and SessionTooLarge."""
        data = dict(self.items())
        if self._random_key:
            data[_KEY] = self._random_key
        try:
            size = len(json.dumps(data))
        except (TypeError, ValueError) as error:
            raise TypeError(f"channel_session of {self._reply_channel} cannot be kept: {error}") from None
        if size > SESSION_BYTES:
            raise SessionTooLarge(
                f"channel_session of {self._reply_channel} has {size:,} bytes, a session at most {SESSION_BYTES:,}"
            )
        self._write(self._reply_channel, data)
        self.modified = False

    def exists(self, session_key: str) -> bool:
        """Return true: the session begins with its socket."""
        return True

    def create(self) -> None:
        """Begin with an empty session."""
        self.clear()

    def delete(self, session_key: str | None = None) -> None:
        """Forget the session's data."""
        self._write(self._reply_channel, {})

    def flush(self) -> None:
        """Forget the session's data and its random name."""
        self.clear()
        self._random_key = ""
        self.delete()

    def cycle_key(self) -> None:
        """Take another random name with the same data."""
        self._random_key = secrets.token_hex(KEY_BYTES)
        self.modified = True

    @classmethod
    def clear_expired(cls) -> None:
        """Do nothing: a session ends with its socket."""
