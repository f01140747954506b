"""What a browser may say: every frame is read and checked here, before anything acts on it."""

import json
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from django.conf import settings

from proj.rooms.text.emoji import ALL

Kind = Literal["post", "edit", "delete", "react", "unreact", "resume", "seen", "typing"]

LARGEST_SEQ = 2**53  # what JavaScript counts exactly


class BadFrame(ValueError):
    """The frame cannot be understood. `code` is one of the protocol's error codes; the text is meant for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.client_id: str | None = None  # the frame's, when it had a good one


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that made sense."""

    kind: Kind
    text: str = ""
    seq: int = 0
    epoch: str = ""
    client_id: str = ""


def read(message: Mapping[str, Any], *, plain: bool = False) -> Frame:
    """The frame in an ASGI `websocket.receive` message. Raises BadFrame. `plain` clients can only post."""
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


def _checked(fields: dict[str, Any]) -> Frame:
    given = _client_id(fields)
    client_id = given or str(uuid.uuid4())  # a message may be handed to a worker twice, so it needs a name
    try:
        return _understood(fields, client_id)
    except BadFrame as error:
        error.client_id = given
        raise


def _understood(fields: dict[str, Any], client_id: str) -> Frame:
    kind = fields.get("type", "post" if "message" in fields else None)
    if kind == "post":
        return Frame("post", text=_message(fields), client_id=client_id)
    if kind == "edit":
        return Frame("edit", text=_message(fields), seq=_seq(fields), client_id=client_id)
    if kind in ("react", "unreact"):
        return Frame(cast("Kind", kind), text=_emoji(fields), seq=_seq(fields), client_id=client_id)
    if kind in ("delete", "seen"):
        return Frame(cast("Kind", kind), seq=_seq(fields), client_id=client_id)
    if kind == "resume":
        epoch = fields.get("epoch")
        if not isinstance(epoch, str):
            raise BadFrame("bad_field", "epoch must be a string.")
        return Frame("resume", seq=_seq(fields), epoch=epoch)
    if kind == "typing":
        return Frame("typing")
    raise BadFrame("bad_type", f"There is no frame of type {str(kind)[:40]!r}.")


def _client_id(fields: dict[str, Any]) -> str | None:
    """The client's own name for what it says, if it gives one."""
    given = fields.get("client_id")
    if given is None:
        return None
    try:
        if str(uuid.UUID(given)) == given:
            return str(given)
    except (ValueError, AttributeError, TypeError):
        pass
    # one form only: it comes back in the event as it was sent, and the client looks for just that
    raise BadFrame("bad_field", "client_id must be a UUID in lower case with hyphens.")


def _seq(fields: dict[str, Any]) -> int:
    seq = fields.get("seq")
    if type(seq) is not int or not 0 <= seq <= LARGEST_SEQ:
        raise BadFrame("bad_field", "seq must be a whole number, 0 or more.")
    return seq


def _emoji(fields: dict[str, Any]) -> str:
    emoji = fields.get("emoji")
    if not isinstance(emoji, str) or emoji not in ALL:
        raise BadFrame("bad_field", "emoji must be one of the known emoji.")
    return emoji


def _message(fields: dict[str, Any]) -> str:
    text = fields.get("message")
    if not isinstance(text, str):
        raise BadFrame("bad_field", "message must be a string.")
    if len(text) > settings.MESSAGE_CHARACTERS:
        raise BadFrame("too_long", f"A message has at most {settings.MESSAGE_CHARACTERS} characters.")
    if all(character.isspace() or unicodedata.category(character) in ("Cc", "Cf") for character in text):
        raise BadFrame("empty", "A message needs at least one visible character.")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BadFrame("bad_field", "message holds characters that are not text.")
    return text
