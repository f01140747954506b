"""Groups of Channels 1.x code in an interface process."""

from consumers.interface.turns.turns import Turns
from proj.layer.messages import ChannelAct
from tests.interface.turns.conftest import Browsers, Worker, add, to_group, written


async def test_a_group_reaches_its_sockets_from_the_moment_they_are_added(worker: Worker, browsers: Browsers) -> None:
    first, second = await browsers.open(), await browsers.open()
    worker.act(to_group("运维 1", text="nobody"), add("运维 1", first), to_group("运维 1", text="one"))
    worker.act(add("运维 1", second), add("运维 1", second), to_group("运维 1", text="two", bytes=b"\x01"))
    worker.act(ChannelAct("discard", first.name, "运维 1"), to_group("运维 1", text="three"))
    assert written(first).frames == ["one", "two", b"\x01"]
    assert written(second).frames == ["two", b"\x01", "three"]


async def test_a_membership_ends_with_its_socket(turns: Turns, worker: Worker, browsers: Browsers) -> None:
    socket = await browsers.open()
    worker.act(add("a", socket), add("b", socket))
    assert len(turns.groups) == 2
    turns.leave(socket, 1000)
    worker.act(add("c", socket))
    assert len(turns.groups) == 0


async def test_a_group_can_be_closed(worker: Worker, browsers: Browsers) -> None:
    socket = await browsers.open()
    worker.act(add("a", socket), to_group("a", text="bye", close=4002), to_group("a", text="unheard"))
    assert written(socket).frames == ["bye"]
    assert written(socket).code == 4002


async def test_a_socket_in_its_handshake_gets_the_frames_of_its_group_when_it_opens(
    worker: Worker, browsers: Browsers
) -> None:
    socket = browsers.knock()
    worker.act(add("a", socket), to_group("a", text="early"))
    (turn,) = await worker.take()
    worker.answer(turn, to_group("a", text="next"), ChannelAct("reply", socket.name, content=ACCEPT))
    assert await socket.decided()
    socket.opened()
    assert written(socket).frames == ["early", "next"]


ACCEPT = to_group("", accept=True).content
