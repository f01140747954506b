"""The shared parts of views: numbers of a query, and error answers."""

import json

import pytest
from django.http import QueryDict

from proj.site.http import protocol_error, whole_number


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("200", 200), ("007", 7)])
def test_a_whole_number_within_bounds_is_read(text: str, number: int) -> None:
    assert whole_number(QueryDict(f"limit={text}"), "limit", maximum=200) == number


@pytest.mark.parametrize("text", ["", "0", "201", "-5", "+5", " 5", "5_0", "1.5", "ten", "٣", "²", "9" * 5000])
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    query = QueryDict(mutable=True)
    query["limit"] = text
    with pytest.raises(ValueError, match=r"^limit must be a whole number from 1 to 200\.$"):
        whole_number(query, "limit", maximum=200, default=50)


def test_the_default_stands_for_a_field_that_is_absent() -> None:
    assert whole_number(QueryDict(""), "limit", maximum=200, default=50) == 50
    assert whole_number(QueryDict(""), "limit", maximum=200) is None


def test_an_error_has_the_form_of_the_error_frames() -> None:
    answer = protocol_error(404, "no_such_room", "There is no such room.")
    assert answer.status_code == 404
    assert json.loads(answer.content) == {"type": "error", "code": "no_such_room", "detail": "There is no such room."}
