"""Addresses in a text without brackets around them: `https://example.com/a_(b)`, found by linkify-it-py.

The library's patterns for a host and a path are replaced: an address ends before the punctuation of any script, keeps
balanced brackets and the apostrophes of words, and never leads to another host than the whole text would.
"""

import re
from functools import cache
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from proj.rooms.text.scripts import PUNCTUATION, UNSPACED

if TYPE_CHECKING:  # loaded by the first message with an address; most processes never need it
    from linkify_it import LinkifyIt
    from markdown_it.rules_inline import StateInline

MAX_ADDRESS_CHARACTERS = 2_000
MAX_ADDRESS_BRACKETS = 200  # in one address

_SCHEME = re.compile(r"(?<![a-z0-9.+-])(?:https?|mailto)$", re.IGNORECASE)
_WEB_OR_MAIL = re.compile(r"(?:https?://|mailto:)(?:\w|\[[0-9a-f:])", re.IGNORECASE)
_SIGN_IN = r"(?:[\w.~%:+!$&()*,;=@-]{1,200}@)?"  # `name:password@`; the last @ ends it, as in browsers
_SYMBOLS = r"\u2190-\u2bff\U0001f000-\U0001faff"
_LETTERS = rf"\w\ufe0f\u200d{_SYMBOLS}"  # with the _ of private networks
_LABELS = rf"[{_LETTERS}](?:[{_LETTERS}.-]*[{_LETTERS}])?"
# `example.com看`: no domain of the top level mixes scripts, so the host ends there.
_BEFORE_TEXT = rf"(?=[{UNSPACED}{_SYMBOLS}][{_LETTERS}-]*+(?!\.[{_LETTERS}]))"
_NAMED_HOST = rf"(?:(?:(?:[{_LETTERS}.-]*\.)?[a-z]{{2,}}|(?:\d{{1,3}}\.){{3}}\d{{1,3}}){_BEFORE_TEXT}|{_LABELS})"
_IPV6 = r"\[([0-9a-f:.]{2,45})(?:%(?:25)?([\w.~-]{1,40}))?\]"
_HOST = rf"(?:{_IPV6}|{_NAMED_HOST}(?:\.(?=[:/?#]))?)"  # with the dot of a fully qualified name
_IPV6_HOST = re.compile(rf"(?:https?)?://{_SIGN_IN}{_IPV6}", re.IGNORECASE)
_MAILBOX = rf"[\w.+=$&%~!#*-]{{1,64}}@{_NAMED_HOST}"
_PATH_START = re.compile(r"[/?#]")

# The characters that end an address, and those that do so where they cannot belong to it.
_ADDRESS_END = rf"\s\x00-\x20\x7f-\xa0<>`|\\^{{}}{PUNCTUATION}"
_QUOTED_VALUE = rf"(?:(?<=[=(,:])|(?<=%20))(?:'[^'{_ADDRESS_END}]*+'|\"[^\"{_ADDRESS_END}]*+\")"
_IN_PATH = (
    rf"{_QUOTED_VALUE}|[^{_ADDRESS_END}'’\"*~,;]|\*(?![*]|[^\x00-\x7f])|~(?!~)|[,;](?!https?:)|['’](?=[a-z0-9%-])"
)
_PATH = rf"(?:[/?#](?:{_IN_PATH})*+)?"
_OTHER_HOST = re.compile(rf"\d|[^/{_ADDRESS_END}]*@")  # behind an address that is cut in its port or before its host
_BRACKET = re.compile(r"[()\[\]]")
_SENTENCE_END = ".,;:!?*_~\u301c\uff5e\u30fb"


def bare_address(state: "StateInline", silent: bool) -> bool:
    """Read an address whose scheme is read already, at its colon; a part of a rule of the parser."""
    scheme = _SCHEME.search(state.pending[-7:])  # with one character more than the longest scheme
    if silent or state.linkLevel or not scheme:
        return False
    found = _found(scheme[0], state.src[state.pos : min(state.posMax, state.pos + MAX_ADDRESS_CHARACTERS)])
    target = state.md.normalizeLink(scheme[0] + found)
    if not found or not is_address(target):
        return False
    state.pending = state.pending[: -len(scheme[0])]
    opening = state.push("link_open", "a", 1)
    opening.attrs, opening.info = {"href": target}, "auto"
    state.push("text", "", 0).content = scheme[0] + found
    state.push("link_close", "a", -1)
    state.pos += len(found)
    return True


def href(address: str) -> str:
    """Return `address` as it is written in a link: encoded, its host in ASCII."""
    from markdown_it.common.normalize_url import normalizeLink

    ipv6 = _IPV6_HOST.match(address)
    if not ipv6 or not ipv6[2]:
        return normalizeLink(address)
    end = ipv6.end(1)  # the library knows no zones: `http://[fe80::1%25eth0]/`
    return normalizeLink(address[:end] + address[ipv6.end(2) :]).replace("]", f"%25{ipv6[2]}]", 1)


def is_address(address: str) -> bool:
    """Return whether a message may link to `address`: to the web and mail, but not to scripts or our own pages."""
    return _WEB_OR_MAIL.match(address) is not None


def _found(scheme: str, following: str) -> str:
    """Return the part of `following`, from the colon on, that belongs to the address; "" when it is none."""
    ipv6 = _IPV6_HOST.match(following)
    if ipv6 and not _is_ipv6(ipv6[1]):
        return ""
    length = _finder().test_schema_at(following, f"{scheme}:", 1)
    found, rest = following[: 1 + length], following[1 + length :]
    if not length or len(found) == MAX_ADDRESS_CHARACTERS:
        return ""
    if not _PATH_START.search(found, len("://")) and _OTHER_HOST.match(rest):
        return ""
    return _balanced(found).rstrip(_SENTENCE_END)


@cache
def _finder() -> "LinkifyIt":
    """Return the finder of addresses: `http:`, `https:` and `mailto:`, and no host without a scheme."""
    from linkify_it import LinkifyIt

    class Finder(LinkifyIt):  # type: ignore[misc]
        def _on_compile(self) -> None:  # the library's hook for changed patterns
            self.re["src_auth"] = _SIGN_IN
            self.re["src_host_port_strict"] = _HOST + self.re["src_port"] + r"(?::(?=[/?#]))?"
            self.re["src_path"] = _PATH
            self.re["mailto"] = re.compile(rf"{_MAILBOX}(?:,{_MAILBOX})*(?:(?=\?){_PATH})?", re.IGNORECASE)

    return Finder({"ftp:": None, "//": None}, {"fuzzy_link": False, "fuzzy_email": False})


def _is_ipv6(host: str) -> bool:
    try:
        return bool(IPv6Address(host))
    except ValueError:
        return False


def _balanced(address: str) -> str:
    """Return `address` up to the first bracket of its path that has no other half."""
    opened: list[int] = []
    path = _PATH_START.search(address, len("://"))
    for count, bracket in enumerate(_BRACKET.finditer(address, path.start() if path else len(address))):
        if bracket[0] in "([":
            opened.append(bracket.start())
        elif not opened or address[opened.pop()] + bracket[0] not in ("()", "[]") or count == MAX_ADDRESS_BRACKETS:
            return address[: min([*opened, bracket.start()])]
    return address[: opened[0]] if opened else address
