"""The encodings that a service's output may have: those of Python in which ASCII text is what it is in ASCII.

Lines are cut at newline bytes and colours are found as ESC, at any place of the output. UTF-16, EBCDIC, and encodings
with a state that escape sequences change (ISO-2022-JP, HZ, UTF-7) do not allow that.
"""

import codecs

# Each stateful or escaping encoding of Python reads a part of this otherwise.
_PROBE = "\x1b[1;31m\x1b$B0!\x1b(B\x1b[m\r\n\t+AGE- xn--e \\u0041 0123456789 ~{VP~} ::group @`{|}^_<>'\"#$%&"


def problem(name: str) -> str:
    """Return why output cannot be in this encoding, in one sentence; "" when it can."""
    try:
        decoded = _PROBE.encode("ascii").decode(name)
        codecs.getincrementaldecoder(name)("replace").decode(b"a")
    except (LookupError, AttributeError):
        return f"{name!r} is no encoding that Python knows; for example utf-8, gbk, shift_jis, latin-1."
    except ValueError:
        decoded = ""
    if decoded.replace("¥", "\\").replace("\u203e", "~") != _PROBE:
        return (
            f"Output cannot be in {name}: its newlines and digits must be those of ASCII, as in utf-8, gbk, shift_jis."
        )
    return ""
