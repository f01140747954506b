"""Output as UTF-8 text: its decoding, and cuts between characters."""


def complete(data: bytes) -> int:
    """Return how many of these bytes form complete UTF-8 characters. At most 3 bytes at the end do not."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC2:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4 if byte < 0xF5 else 1
            return len(data) - back if length > back else len(data)
        if byte < 0x80:
            break
    return len(data)


def text(data: bytes) -> str:
    r"""Return output as text. Bytes that are not UTF-8 appear as `\xff`."""
    return data.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
