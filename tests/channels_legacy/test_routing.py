"""Routings: dictionaries and lists, filters, includes and their prefixes, dotted names, and their errors."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from channels_legacy import include, route, route_class
from channels_legacy.asgi import ChannelLayerWrapper
from channels_legacy.message import Message
from channels_legacy.routing import Router
from channels_legacy.staticfiles import StaticFilesConsumer
from tests.channels_legacy.conftest import message


def chat(one: Message, **kwargs: str) -> None:
    """Stand for a consumer of a team."""


def other(one: Message, **kwargs: str) -> None:
    """Stand for another consumer."""


class Board:
    """Stand for a class consumer."""

    @classmethod
    def channel_names(cls) -> set[str]:
        return {"websocket.connect", "websocket.receive"}

    def __init__(self, one: Message, **kwargs: str) -> None:
        pass


CHAT_NAME = f"{__name__}.chat"
inner_routing = [route("websocket.receive", other, path=r"^/b/(?P<board>\d+)$"), route("own", CHAT_NAME)]
dict_routing: dict[str | bytes, Any] = {"websocket.connect": CHAT_NAME, b"own": other}
no_routing = 5


def found(routing: Any, channel: str = "websocket.receive", **content: Any) -> tuple[Callable[..., Any], Any] | None:
    return Router(routing).match(message(channel, **content))


def test_a_dictionary_names_consumers_by_channel() -> None:
    assert found(dict_routing, "websocket.connect") == (chat, {})
    assert found(f"{__name__}.dict_routing", "own") == (other, {})
    assert found(dict_routing, "elsewhere") is None
    assert Router(dict_routing).channels == {"websocket.connect", "own"}


@pytest.mark.parametrize("channels", ["运维", "运维".encode(), ["a", "运维"], ("a", "运维".encode())])
def test_a_route_has_one_channel_or_several(channels: Any) -> None:
    assert found([route(channels, chat)], "运维") == (chat, {})


def test_the_first_route_that_fits_wins() -> None:
    routing = [route("own", other, kind="^b$"), route("own", chat), route("own", other)]
    assert found(routing, "own") == (chat, {})
    assert found(routing, "own", kind="b") == (other, {})


@pytest.mark.parametrize(
    ("pattern", "value", "arguments"),
    [
        (r"^/chat/(?P<room>[^/]+)/$", "/chat/运维/", {"room": "运维"}),
        (rb"^/chat/(?P<room>\w+)/$", "/chat/a/", {"room": "a"}),
        (r"^/chat/(?P<room>\w+)/$", b"/chat/a/", {"room": "a"}),
        (r"/chat", "/chat/and/more", {}),
        (re.compile(r"^/CHAT", re.IGNORECASE), "/chat", {}),
        (r"(?P<a>x)?(?P<b>y)", "y", {"a": None, "b": "y"}),
        (r"chat", "/chat", None),
        (r"^$", None, None),
        (r"^5$", 5, None),
    ],
)
def test_a_filter_is_matched_at_the_beginning_of_any_key(pattern: Any, value: Any, arguments: Any) -> None:
    for key in ("path", "kind"):
        expected = None if arguments is None else (chat, arguments)
        assert found([route("websocket.receive", chat, **{key: pattern})], **{key: value}) == expected


def test_all_filters_must_fit() -> None:
    routing = [route("own", chat, room=r"(?P<room>\d+)", text="^!")]
    assert found(routing, "own", room="7", text="!go") == (chat, {"room": "7"})
    assert found(routing, "own", room="7", text="go") is None
    assert found(routing, "own", room="7") is None


def test_an_include_strips_its_prefix_for_matching_only() -> None:
    seen: list[str] = []

    class Looker:
        def match(self, one: Message) -> None:
            seen.append(one["path"])

        def channel_names(self) -> list[str]:
            return ["special"]

    routing = [include([Looker(), route("websocket.receive", chat, path=r"^/(?P<x>\d)$")], path=r"^/(?P<room>\w+)")]
    one = message(path="/lobby/7")
    assert Router(routing).match(one) == (chat, {"room": "lobby", "x": "7"})
    assert seen == ["/7"]
    assert one["path"] == "/lobby/7"
    assert Router(routing).channels == {"special", "websocket.receive"}


def test_includes_nest_and_inner_arguments_win() -> None:
    inner = include(f"{__name__}.inner_routing", path="^/deep")
    routing = [include([inner], path=r"^/(?P<board>\w+)", room=r"(?P<room>\d)")]
    assert found(routing, path="/x/deep/b/42", room="7") == (other, {"board": "42", "room": "7"})
    assert found(routing, path="/x/b/42", room="7") is None
    assert found(routing, path="/x/deep/b/42") is None


def test_an_include_leaves_a_large_frame_where_it_is() -> None:
    text = "x" * 1_000_000
    seen: list[str] = []

    class Looker:
        def match(self, one: Message) -> None:
            seen.append(one["text"])

        def channel_names(self) -> list[str]:
            return []

    found([include([Looker()], path="^/")], text=text)
    assert seen[0] is text


def test_a_class_names_its_channels_itself() -> None:
    routing = [route_class(Board, path="^/b"), route_class(f"{__name__}.Board")]
    assert found(routing, path="/b") == (Board, {})
    assert Router(routing).channels == Board.channel_names()
    with pytest.raises(ValueError, match=rf"{__name__}\.chat has none"):
        route_class(chat)


def test_routes_can_be_added_behind_the_others() -> None:
    router = Router([])
    router.add_route(route("own", chat))
    assert router.match(message("own")) == (chat, {})
    router.check_default()
    assert router.channels == {
        "own",
        "http.request",
        *(f"websocket.{name}" for name in ("connect", "receive", "disconnect")),
    }


def test_http_consumers_are_accepted() -> None:
    consumer = StaticFilesConsumer()
    assert found([route("http.request", consumer)], "http.request") == (consumer, {})


def test_a_route_is_described_for_logs() -> None:
    assert str(route(["a", "b"], chat, path="^/")) == f"a/b (path=^/) -> {CHAT_NAME}"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Router("tests.none.routing"), "cannot import the routing 'tests.none.routing': No module named"),
        (lambda: Router("json.none.routing"), "; the package json was imported from "),
        (lambda: Router("routing"), "the name must be like package.module.routing"),
        (lambda: Router(f"{__name__}.missing"), "has no attribute 'missing'"),
        (lambda: Router(f"{__name__}.no_routing"), "no_routing' must be a list or a dict, not int"),
        (lambda: Router(["own"]), "entry 1 of the routing is of type str; it must be made by route()"),  # type: ignore[list-item]
        (lambda: route("own", "tests.none.chat"), "cannot import the consumer 'tests.none.chat'"),
        (lambda: route("own", f"{__name__}.no_routing"), "cannot be called"),
        (lambda: route("own", chat, path="(["), rf"own -> {CHAT_NAME}: path='([' is no regular expression"),
        (lambda: route("own", chat, path=5), "path=5 is no regular expression"),
        (lambda: include([], path="("), "an include: path='(' is no regular expression"),
        (lambda: Router([]).add_route(5), "the added route is of type int"),  # type: ignore[arg-type]
    ],
)
def test_a_routing_that_cannot_work_says_where(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(sentence)):
        make()


def test_positional_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="the filter path has positional groups"):
        route("own", chat, path=r"^/(\d+)/(?P<x>\d)")


def test_a_layer_imports_its_routing_when_it_first_needs_it(layer: ChannelLayerWrapper) -> None:
    wrapper = ChannelLayerWrapper(layer.channel_layer, "default", "tests.none.routing")
    wrapper.send("own", {})
    with pytest.raises(ImproperlyConfigured):
        wrapper.router  # noqa: B018
