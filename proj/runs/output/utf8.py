"""Output as text: where its bytes may be cut without cutting a character, and how they are decoded."""


def complete(data: bytes) -> int:
    """How many of these bytes do not belong to a UTF-8 character that is not whole yet. Holds back at most 3."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC2:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4 if byte < 0xF5 else 1
            return len(data) - back if length > back else len(data)
        if byte < 0x80:
            break
    return len(data)


def text(data: bytes) -> str:
    r"""Output as text. Bytes that are not UTF-8 are shown as such: `\xff`."""
    return data.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
