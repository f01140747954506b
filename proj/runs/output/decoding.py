"""Output as text, in the encoding of its service: its decoding, and cuts between characters."""

import codecs
import re

UTF_8 = "utf-8"
MAX_PENDING_BYTES = 8  # of a character that is not complete; no encoding has longer ones

# Names of encodings in browsers, where they differ from Python's (https://encoding.spec.whatwg.org).
_CHARSETS = {"cp932": "windows-31j", "cp866": "ibm866", "cp949": "euc-kr", "ascii": UTF_8}


def complete(data: bytes, encoding: str = UTF_8) -> int:
    """Return how many of these bytes form complete characters. `data` begins with a character."""
    if encoding == UTF_8:
        return _complete_utf8(data)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    decoder.decode(data)
    pending = len(decoder.getstate()[0])
    return len(data) - pending if pending <= MAX_PENDING_BYTES else len(data)


def text(data: bytes, encoding: str = UTF_8) -> str:
    r"""Return output as text. Bytes that are none in the encoding appear as `\xff`."""
    return data.decode(encoding, "backslashreplace").replace("\0", "\\x00")


def charset(encoding: str) -> str:
    """Return the name by which browsers know an encoding."""
    name = codecs.lookup(encoding).name
    name = re.sub(r"^cp(125\d|874)$", r"windows-\1", name)
    name = re.sub(r"^iso8859-", "iso-8859-", name)
    return _CHARSETS.get(name, name if name == "shift_jis" else name.replace("_", "-"))


def _complete_utf8(data: bytes) -> int:
    """Return how many of these bytes form complete UTF-8 characters. At most 3 bytes at the end do not."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC2:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4 if byte < 0xF5 else 1
            return len(data) - back if length > back else len(data)
        if byte < 0x80:
            break
    return len(data)
