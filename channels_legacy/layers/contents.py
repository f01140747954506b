"""The rules for names and contents, checked at the line that sends: a later failure would name no line."""

from channels_legacy.layers.protocol import Content, MessageTooLarge

MAX_NAME_BYTES = 255
MAX_CONTENT_BYTES = 768 * 1024  # a layer message carries one MiB, with everything around the content
MAX_CONTENT_DEPTH = 100
INTEGER_BITS = 64
NUMBER_BYTES = 9


def check_name(name: object, noun: str) -> None:
    """Raise TypeError unless `name` may name a channel or a group: any text of 1 to 255 bytes in UTF-8."""
    if not isinstance(name, str):
        raise TypeError(f"the name of a {noun} must be text, not {type(name).__name__}")
    if not name or len(name.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES:
        raise TypeError(f"the name of a {noun} must have 1 to {MAX_NAME_BYTES} bytes, {name[:60]!r} does not")
    if not name.isprintable():
        raise TypeError(f"the name of a {noun} must be printable text, {name[:60]!r} is not")


def check_content(content: Content, destination: str) -> None:
    """Raise TypeError for a value that no layer carries, and MessageTooLarge above MAX_CONTENT_BYTES."""
    try:
        size = _size(content, 0)
    except _Unsendable as unsendable:
        raise TypeError(f"cannot send to {destination}: content{unsendable.path} {unsendable.reason}") from None
    if size > MAX_CONTENT_BYTES:
        raise MessageTooLarge(
            f"cannot send to {destination}: the content has {size:,} bytes, a message at most {MAX_CONTENT_BYTES:,}"
        )


class _Unsendable(Exception):
    """A part of the content that cannot be sent, with its path, which callers extend to the left."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = ""


def _size(value: object, depth: int) -> int:
    if isinstance(value, str):
        return _text_size(value)
    if value is None or isinstance(value, bool | float):
        return NUMBER_BYTES
    if isinstance(value, int):
        if not -(1 << INTEGER_BITS - 1) <= value < 1 << INTEGER_BITS:
            raise _Unsendable(f"is a number of more than {INTEGER_BITS} bits")
        return NUMBER_BYTES
    if isinstance(value, bytes | bytearray | memoryview):
        return len(value)
    if depth >= MAX_CONTENT_DEPTH:
        raise _Unsendable(f"is nested more than {MAX_CONTENT_DEPTH} deep")
    if isinstance(value, dict):
        return sum(_key_size(key) + _item_size(key, item, depth) for key, item in value.items())
    if isinstance(value, list | tuple):
        return sum(_item_size(index, item, depth) for index, item in enumerate(value))
    raise _Unsendable(f"is {type(value).__name__}; send text, bytes, numbers, lists or dictionaries")


def _text_size(text: str) -> int:
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise _Unsendable("is text with half a character (a lone surrogate)") from None


def _key_size(key: object) -> int:
    if not isinstance(key, str):
        raise _Unsendable(f"has the key {key!r}; the keys of a message are text")
    return _text_size(key)


def _item_size(key: object, item: object, depth: int) -> int:
    try:
        return _size(item, depth + 1)
    except _Unsendable as unsendable:
        unsendable.path = f"[{key!r}]{unsendable.path}"
        raise
