"""A query of the search has words, "words in quotes", and excluded -words."""

import pytest

from proj.accounts.models import User
from proj.rooms.models import Room
from proj.rooms.search import finding, index, queries
from proj.rooms.search.finding import Question

pytestmark = pytest.mark.django_db(transaction=True)

TEXTS = [
    "Exit status 3 on web1",
    "web1: the status was 3, then exit",
    "exit (status 30)",
    "运维室的服务器坏了",
    "服务台说务器坏了",
    "Сервер базы данных упал",
    "Упал сервер, данных базы нет",
    "ＦＵＬＬ ｗｉｄｔｈ",
]


@pytest.fixture
def lobby(alice: User) -> Room:
    lobby = Room.objects.create(name="lobby")
    for text in TEXTS:
        lobby.post(alice, text)
    return lobby


def found(user: User, text: str) -> list[int]:
    """Return the indexes of the TEXTS that `user` finds."""
    index.keep_up()
    return sorted(TEXTS.index(message.text) for message in finding.find(user, Question(text)).messages)


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("exit status 3", [0, 1, 2]),
        ('"exit status"', [0, 2]),
        ('"EXIT, status 3"', [0]),
        ('"status exit"', []),
        ('"stat"', []),  # a quoted word is whole
        ("stat", [0, 1, 2]),
        ("“exit status” web", [0]),
        ("«базы данных»", [5]),
        ('"服务器"', [3]),
        ("务器坏", [3, 4]),
        ('"维室的服"', [3]),
        ('"web1" "status 3"', [0]),
        ("exit -web1", [2]),
        ("exit -web", [2]),  # an excluded word matches as a searched one does
        ('exit -"status 3"', [1, 2]),
        ("exit -“status 3”", [1, 2]),
        ("坏 -服务器", [4]),
        ("坏 －台", [3]),
        ("full -narrow", [7]),
        ('"full width"', [7]),
        ("status -3", []),
        ("-exit", []),  # a query needs more than excluded words
        ('-"exit"', []),
    ],
)
def test_quotes_are_found_whole_and_excluded_words_are_not(lobby: Room, alice: User, query: str, at: list[int]) -> None:
    assert found(alice, query) == at


@pytest.mark.parametrize(
    ("query", "like"),
    [
        ('"exit status', "exit status"),
        ('exit" status', "exit status"),
        ('"exit" status"', '"exit" status'),
        ('exit ""', "exit"),
        ('exit "-*"', "exit"),
        ("exit - web1", "exit web1"),
        ("exit --web1", "exit web1"),
        ("exit-status", "exit status"),
        ("exit -", "exit"),
        ('exit AND "status 3"', None),
        ("exit OR web1", None),
        ("exit NEAR web1", None),
        ("exit & !web1", "exit web1"),
        ("exit:* | web1", "exit web1"),
        ("exit^2 {web1}", None),
        ("(exit", "exit"),
        ("words:exit", None),
        ("exit\\' status", "exit status"),
        ('"exit\\" status', '"exit" status'),
        ("exit -:r1", "exit r1"),
    ],
)
def test_signs_of_a_database_only_separate_words(lobby: Room, alice: User, query: str, like: str | None) -> None:
    assert found(alice, query) == (found(alice, like) if like else [])


@pytest.mark.parametrize(
    "query",
    [
        '"' * 9000,
        "-" * 9000,
        '-"' * 4000,
        '"a" ' * 3000,
        "-a " * 3000,
        f'exit -"{"a " * 4000}"',
        f'"exit {"! " * 4000} status"',
        '"exit\0status"',
        '"\u202estatus exit"',
        f"exit -{'服' * 4000}",
        '"(a+)+$"',
    ],
)
def test_hostile_queries_harm_nobody(lobby: Room, alice: User, query: str) -> None:
    lobby.post(alice, "a " * 3999)
    lobby.post(alice, "a" + "!" * 7999)
    index.keep_up()
    finding.find(alice, Question(query))
    assert len(queries.parsed(query).terms) <= queries.MAX_TERMS


def test_nothing_is_missed_among_many_that_have_the_words_only(
    lobby: Room, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    lobby.post(alice, "the needle here")
    for _ in range(3):
        lobby.post(alice, "the here, a needle")
    index.keep_up()
    monkeypatch.setattr(finding, "IDS_PER_QUERY", (2, 2))
    assert [message.text for message in finding.find(alice, Question('"needle here"')).messages] == ["the needle here"]
    monkeypatch.setattr(finding, "IDS_PER_QUERY", (1, 2))
    came = finding.find(alice, Question('"needle here"'))
    assert came.messages == []
    assert came.before
    came = finding.find(alice, Question('"needle here"'), came.before)
    assert [message.text for message in came.messages] == ["the needle here"]


def test_coloured_words_are_found(lobby: Room, alice: User) -> None:
    lobby.post(alice, "```\nnginx: \x1b[31mconfiguration\x1b[0;1m failed\x1b[0m\n```")
    index.keep_up()
    for query in ("config", '"configuration failed"'):
        assert len(finding.find(alice, Question(query)).messages) == 1
    assert finding.find(alice, Question("31mconf")).messages == []


PLACES = [
    "up: 10.100.200.101 answers",
    "down: 10.100.200.1015 does not",
    "10 of 100, then 200 and 101",
    "rm -rf /tmp/cache",
    "web-3 and web-30 restarted at 07:31:05",
    "web-1 took 30s",
    "see https://db-1.example.org/runs/a/b/c?x=1",
    "signalbox 1.2.3 on [2001:db8::5]",
    "signalbox 1.2.30 on 2001:db8::51",
    "the roll-out of db_main",
    "rm the rf chip, and use --rf",
    "Try (rm -RFv x)",
]


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("10.100.200.101", [0]),
        ("10.100.200", [0, 1]),  # the network
        ("10.100.200.1015", [1]),
        ("10 100 200 101", [0, 1, 2]),
        ("rm -rf", [3, 11]),
        ("rm -r", [3, 11]),
        ("rm rf", [3, 10, 11]),
        ("rm -rf chip", []),
        ("rm -rf /tmp/cache", [3]),
        ("rm -rf -cache", [11]),
        ("cach", [3]),
        ("/tmp/cac", [3]),  # noqa: S108 - a text
        ("web-3", [4]),
        ("WEB-3 restarted", [4]),
        ("web -web-3", [5]),
        ("answers -10.100.200.1015", [0]),
        ("07:31", [4]),
        ("a/b/c", [6]),
        ("db-1.example.org", [6]),
        ("db-1.exam", [6]),  # while one types
        ("1.2.3", [7]),
        ("2001:db8::5", [7]),
        ("db_main", [9]),
        ("roll-out", [9]),
    ],
)
def test_words_that_signs_join_are_found_as_a_unit(alice: User, query: str, at: list[int]) -> None:
    lobby = Room.objects.create(name="lobby")
    for text in PLACES:
        lobby.post(alice, text)
    index.keep_up()
    found = [message.text for message in finding.find(alice, Question(query)).messages]
    assert sorted(map(PLACES.index, found)) == at


def test_an_excluded_word_is_named_with_the_query_that_finds_it() -> None:
    query = queries.parsed('find / -name "x y"')
    assert (query.excluded, query.literal) == (("name",), 'find / "-name" "x y"')
    assert not queries.parsed(query.literal).excluded
    assert not queries.parsed("rm -rf /tmp").excluded


def test_an_option_is_marked_with_its_sign() -> None:
    text = "rf: rm -rf x"
    assert [text[a:b] for a, b in queries.parsed("rm -rf").spans(text)] == ["rm", "-rf"]


def test_units_are_marked_whole() -> None:
    text = "07:31:05 web-3 up in 30s, web-1 and WEB-3 not"
    assert [text[a:b] for a, b in queries.parsed("web-3").spans(text)] == ["web-3", "WEB-3"]


def test_matches_are_marked_in_the_text() -> None:
    text = "The Deployment of 运维 undeployed, exit: status 3 and status 30"

    def marked(query: str) -> list[str]:
        return [text[a:b] for a, b in queries.parsed(query).spans(text)]

    assert marked("deploy 运维 -undeployed") == ["Deploy", "运维"]
    assert marked('"exit status" -"status 3"') == ["exit: status"]
    assert marked('"status 3"') == ["status 3"]
    assert marked('"*') == []
