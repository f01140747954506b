"""The addresses of the sockets of a routing, as far as its source tells them."""

import ast
import re
from collections.abc import Iterable, Mapping

DEFAULT_ADDRESS = "/channel/"
ANY_ADDRESS = "/"
UNKNOWN_ADDRESS = ""  # of a class without a path, which may take a channel of its own
# The literal beginning of a regular expression; a backslash before a sign makes the sign literal.
LITERAL_PART = re.compile(r"(?:[\w/~%@:=&!#,;' -]|\\[^\w])*")
QUANTIFIERS = ("?", "*", "{")


def addresses(routing: str, lists: Mapping[str, ast.expr]) -> set[str]:
    """Return paths like `/deck/stream/` under which all sockets of a routing are; `/` stands for any address.

    `lists` are the values of all routings of the tree by their dotted names.
    """
    found = set(_of(lists.get(routing), lists, frozenset([routing])))
    return found - {UNKNOWN_ADDRESS} or ({ANY_ADDRESS} if found else set())


def _of(node: ast.expr | None, lists: Mapping[str, ast.expr], seen: frozenset[str]) -> Iterable[str]:
    if isinstance(node, ast.Dict):
        if any(_text(key).startswith("websocket.") for key in node.keys):
            yield ANY_ADDRESS
        return
    for call in [one for one in ast.walk(node) if isinstance(one, ast.Call)] if node is not None else ():
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        path = next((one.value for one in call.keywords if one.arg == "path"), None)
        first = _text(call.args[0]) if call.args else ""
        if called.lower() == "include":
            if path is not None:
                yield _address(_text(path), whole_folders=True)
            elif first not in seen:
                yield from _of(lists.get(first), lists, seen | {first})
        elif called in ("route_class", "RouteClass", "as_route") and path is None:
            yield UNKNOWN_ADDRESS
        elif called in ("route_class", "RouteClass", "as_route") or first.startswith("websocket."):
            yield _address(_text(path), whole_folders=False)


def _text(node: ast.expr | None) -> str:
    return str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _address(pattern: str, *, whole_folders: bool) -> str:
    """Return the longest folder that all matches of a pattern begin with."""
    pattern = pattern.removeprefix("^")
    found = LITERAL_PART.match(pattern)
    literal = found[0] if found else ""
    rest = pattern[len(literal) :]
    if rest.startswith(QUANTIFIERS):
        literal = literal[:-1]
    literal = literal.replace("\\", "")
    if whole_folders and rest in ("", "$"):
        literal = literal.rstrip("/") + "/"
    folder = literal[: literal.rfind("/") + 1]
    return folder if re.fullmatch(r"/([A-Za-z0-9._-]+/)+", folder) else ANY_ADDRESS
