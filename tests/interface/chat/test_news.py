"""News reach the pages of the people that they are for."""

from typing import Any
from unittest.mock import Mock

from consumers.interface.chat.news import NewsSubscribers
from proj.layer.messages import PeopleFrame, PersonFrame


def outlet(user: int) -> Any:
    return Mock(user_id=user)


def frames(one: Any) -> list[str]:
    return [str(call.args[0].text) for call in one.write.call_args_list]


def test_a_frame_for_some_people_reaches_all_their_pages_and_nobody_else() -> None:
    news = NewsSubscribers()
    alice, again, bob, charlie = outlet(1), outlet(1), outlet(2), outlet(3)
    for one in (alice, again, bob, charlie):
        news.subscribe(one)
    news.pass_on(PeopleFrame(users=[1, 2, 9], frame="{}"))
    news.pass_on(PersonFrame(user=2, frame="[]"))
    assert [frames(one) for one in (alice, again, bob, charlie)] == [["{}"], ["{}"], ["{}", "[]"], []]
