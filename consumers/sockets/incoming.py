"""The frames that a browser may send: each is read and checked here, before any code acts on it."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from django.conf import settings

from consumers.interface.transport.asgi import Message
from proj.rooms.text.emoji import ALL
from proj.text import unseen

Fields = Mapping[str, Any]  # of a JSON object that a browser sent: anything may be in it
Kind = Literal["post", "edit", "delete", "react", "unreact", "resume", "seen", "typing"]

MAX_SEQ = 2**53  # JavaScript counts exactly up to it


class BadFrame(ValueError):
    """The frame is invalid. `code` is one of the protocol's error codes; the text is meant for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.client_id: str | None = None  # the frame's, when it had a valid one


@dataclass(frozen=True, slots=True)
class ClientFrame:
    """A frame of the client that is valid."""

    kind: Kind
    text: str = ""
    seq: int = 0
    epoch: str = ""
    client_id: str = ""
    stopped: bool = False


def read(message: Message, *, plain: bool = False) -> ClientFrame:
    """Return the frame in an ASGI `websocket.receive` message. Raises BadFrame. `plain` clients can only post."""
    text = message.get("text")
    if text is None:
        raise BadFrame("binary", "Frames are JSON text, this one is binary.")
    if len(text) > settings.FRAME_BYTES or len(text.encode("utf-8", "surrogatepass")) > settings.FRAME_BYTES:
        raise BadFrame("too_large", f"A frame has at most {settings.FRAME_BYTES} bytes.")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise BadFrame("not_json", "A frame is one JSON object.")
    if plain:
        fields = {"type": "post", "message": fields.get("message")}
    return _checked(fields)


def _checked(fields: Fields) -> ClientFrame:
    given = _client_id(fields)
    client_id = given or str(uuid.uuid4())  # a message may be handed to a worker twice, so it needs a name
    try:
        return _validated(fields, client_id)
    except BadFrame as error:
        error.client_id = given
        raise


def _validated(fields: Fields, client_id: str) -> ClientFrame:
    kind = fields.get("type", "post" if "message" in fields else None)
    if kind == "post":
        return ClientFrame("post", text=_message(fields), client_id=client_id)
    if kind == "edit":
        return ClientFrame("edit", text=_message(fields), seq=_seq(fields), client_id=client_id)
    if kind in ("react", "unreact"):
        return ClientFrame(cast("Kind", kind), text=_emoji(fields), seq=_seq(fields), client_id=client_id)
    if kind in ("delete", "seen"):
        return ClientFrame(cast("Kind", kind), seq=_seq(fields), client_id=client_id)
    if kind == "resume":
        epoch = fields.get("epoch")
        if not isinstance(epoch, str):
            raise BadFrame("bad_field", "epoch must be a string.")
        return ClientFrame("resume", seq=_seq(fields), epoch=epoch)
    if kind == "typing":
        return ClientFrame("typing", stopped=fields.get("stopped") is True)
    raise BadFrame("bad_type", f"There is no frame of type {str(kind)[:40]!r}.")


def _client_id(fields: Fields) -> str | None:
    """Return the client's own name for its command, if it gives one."""
    given = fields.get("client_id")
    if given is None:
        return None
    try:
        if str(uuid.UUID(given)) == given:
            return str(given)
    except (ValueError, AttributeError, TypeError):
        pass
    # One form only: it comes back in the event as it was sent, and the client compares the two.
    raise BadFrame("bad_field", "client_id must be a UUID in lower case with hyphens.")


def _seq(fields: Fields) -> int:
    seq = fields.get("seq")
    if type(seq) is not int or not 0 <= seq <= MAX_SEQ:
        raise BadFrame("bad_field", "seq must be a whole number, 0 or more.")
    return seq


def _emoji(fields: Fields) -> str:
    emoji = fields.get("emoji")
    if not isinstance(emoji, str) or emoji not in ALL:
        raise BadFrame("bad_field", "emoji must be one of the known emoji.")
    return emoji


def _message(fields: Fields) -> str:
    text = fields.get("message")
    if not isinstance(text, str):
        raise BadFrame("bad_field", "message must be a string.")
    if len(text) > settings.MESSAGE_CHARACTERS:
        raise BadFrame("too_long", f"A message has at most {settings.MESSAGE_CHARACTERS} characters.")
    if not unseen.is_seen(text):
        raise BadFrame("empty", "A message needs at least one visible character.")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BadFrame("bad_field", "message holds characters that are not text.")
    return text
