"""Characters that show nothing, and characters that turn the direction of the text around them.

The first make lookalikes of names and messages without content, the second make `gpj.exe` read as `exe.jpg`. Both kinds
have their good uses: emoji of several characters, Persian words, marks of direction in Hebrew and Arabic.
"""

import re
import unicodedata

# Default_Ignorable_Code_Point of Unicode, control characters, annotations, and characters that are drawn as a blank.
_NOTHING = (
    "\x00-\x20\x7f-\xa0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_SEEN = re.compile(rf"[^\s{_NOTHING}]")
_HIDDEN = re.compile(rf"(?![\s\u2800])[{_NOTHING}]")  # a name may have blanks between its words

_PICTURES = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff\U0001fc00-\U0001fffd"
)
_JOINED = "\u0600-\u08ff\u1800-\u18af\ufb50-\ufdff\ufe70-\ufefc"  # letters that join: Arabic, Syriac, N'Ko, Mongolian
_VIRAMA = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u1039\u17d2\ua806\ua8c4\U00011046"
# Each unseen character where it changes how its neighbours are drawn.
_IN_PLACE = re.compile(
    rf"(?<=[{_JOINED}])\u200c(?=[{_JOINED}])|(?<=[{_VIRAMA}])[\u200c\u200d]|[\u200c\u200d](?=[{_VIRAMA}])"
    rf"|(?<=[{_PICTURES}\ufe0f])\u200d(?=[{_PICTURES}])|(?<=[{_PICTURES}])[\ufe0e\ufe0f]|(?<=[#*0-9])\ufe0f(?=\u20e3)"
    rf"|(?<=[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\ufe00-\ufe02\U000e0100-\U000e01ef]"
    rf"|(?<=[\u1800-\u18af])[\u180b-\u180d\u180f]|(?<=\U0001f3f4)[\U000e0020-\U000e007e]{{1,8}}\U000e007f"
)
REFUSED_IN_NAMES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))  # categories of Unicode
_NEW_EMOJI = re.compile("[\U0001f000-\U0001faff\U0001fc00-\U0001fffd]")  # in this Python's Unicode or a later one

TURNING_SIGNS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # of a class in a regular expression
_TURNING_SIGN = re.compile(f"[{TURNING_SIGNS}]")
_DIRECTION_MARKS = "\u061c\u200e\u200f"  # of direction: they turn no letters
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001eeff]"
)


def is_seen(text: str) -> bool:
    """Return whether `text` shows anything."""
    return _SEEN.search(text) is not None


def fits_name(name: str) -> bool:
    """Return whether every character of `name` is a known one, and shows something or changes its neighbours."""
    rest = _IN_PLACE.sub("", name)
    categories = {unicodedata.category(character) for character in _NEW_EMOJI.sub("", rest)}
    return _HIDDEN.search(rest) is None and categories.isdisjoint(REFUSED_IN_NAMES)


def turns(text: str) -> bool:
    """Return whether `text` has characters that turn the direction of the text around them."""
    return _TURNING_SIGN.search(text) is not None


def shown(text: str) -> str:
    r"""Return `text` with `\u202e` in the place of each character that turns the direction of the text around it.

    Marks of direction stay in a text that has letters written from right to left: they belong to its spelling.
    """
    if not turns(text):
        return text
    kept = _DIRECTION_MARKS if _RIGHT_TO_LEFT.search(text) else ""
    return _TURNING_SIGN.sub(lambda found: found[0] if found[0] in kept else f"\\u{ord(found[0]):04x}", text)
