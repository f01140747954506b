"""The pages of services and runs, and a run's output over HTTP."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from proj.accounts.models import User
from proj.rooms.models import Room
from proj.runs import actions, reasons
from proj.runs.models import Archive, Chunk, EndChoice, Run, Service
from proj.runs.output import archive, reading, searching
from proj.runs.states import State
from tests.runs.conftest import Make

pytestmark = pytest.mark.django_db

PARAMETERS = [
    {"name": "version", "required": True, "pattern": "[0-9.]+", "help": "which one"},
    {"name": "mode", "type": "choice", "choices": ["fast", "careful"], "default": "careful"},
    {"name": "force", "type": "boolean", "argument": "--force"},
    {"name": "hosts", "type": "integer", "default": 3},
]
COMMAND = ["deploy", "{version}", "--mode={mode}", "{force}", "--hosts={hosts}"]


@pytest.fixture
def browser(alice: User) -> Client:
    """The browser of alice, signed in."""
    return signed_in(alice)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def web1(make: Make) -> Service:
    return make("web1", COMMAND, name="Roll out <web>", description="All of it.", parameters=PARAMETERS)


def printed(run: Run, data: bytes, state: State = State.RUNNING) -> Run:
    """Return `run` after it has printed this."""
    lines = 1
    offset = 0
    for seq, start in enumerate(range(0, len(data), 1000), 1):
        part = data[start : start + 1000]
        Chunk.objects.create(run=run, seq=seq, offset=offset, line=lines, data=part)
        offset, lines = offset + len(part), lines + part.count(b"\n")
    Run.objects.filter(pk=run.pk).move(State.RUNNING)
    Run.objects.filter(pk=run.pk).update(bytes=offset, lines=lines - 1, chunks=len(data) // 1000 + 1)
    if state != State.RUNNING:
        Run.objects.filter(pk=run.pk).move(state)
    return Run.objects.select_related("service", "person").get(pk=run.pk)


def text(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


# services


def test_services_show_what_became_of_the_newest_run(browser: Client, web1: Service, bob: User) -> None:
    first = actions.start(web1, bob, {"version": "1"})
    Run.objects.filter(pk=first.pk).move(State.CANCELED)
    actions.start(web1, bob, {"version": "2"})
    page = text(browser.get("/services/"))
    assert "Roll out &lt;web&gt;" in page
    assert '<span class="number">#2</span>' in page
    assert '<span class="number">#1</span>' not in page
    assert 'data-state="queued"' in page
    assert "bob" in page


def test_services_can_be_looked_for(browser: Client, web1: Service, make: Make) -> None:
    make("disk", name="How full are the disks")
    assert "disks" not in text(browser.get("/services/?q=roll"))
    assert "disks" in text(browser.get("/services/?q=DISK"))
    assert "No service has" in text(browser.get("/services/?q=%00nothing"))


def test_where_there_is_no_service_the_page_says_how_to_add_one(browser: Client, alice: User) -> None:
    assert "An administrator can add services" in text(browser.get("/services/"))
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    page = text(browser.get("/services/"))
    assert "loadservices" in page
    assert "/admin/runs/service/add/" in page


def test_a_services_page_has_a_field_for_each_parameter(browser: Client, web1: Service) -> None:
    page = text(browser.get("/services/web1/"))
    for field in ('name="p-version"', '<select name="p-mode"', 'type="checkbox" name="p-force"', 'inputmode="numeric"'):
        assert field in page
    assert '<option value="careful" selected>' in page
    assert 'value="3"' in page
    assert "which one" in page


@pytest.mark.parametrize(
    ("user", "sentence"),
    [
        ("", "It runs on the host as the user of Signalbox itself."),
        ("deploy", "It runs on the host as the user <code>deploy</code>."),
        ("root", "It runs on the host as <code>root</code>, who may do everything there."),
    ],
)
def test_a_services_page_says_as_whom_its_command_runs(user: str, sentence: str, browser: Client, make: Make) -> None:
    service = make("web2", ["/usr/bin/true"])
    Service.objects.filter(pk=service.pk).update(run_as=user)
    assert sentence in " ".join(text(browser.get("/services/web2/")).split())


def test_a_run_is_started_from_the_page(browser: Client, web1: Service, alice: User) -> None:
    answer = browser.post("/services/web1/", {"p-version": "1.4", "p-mode": "fast", "p-force": "on", "p-hosts": "5"})
    run = Run.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert run.person == alice
    assert run.command == ["deploy", "1.4", "--mode=fast", "--force", "--hosts=5"]


def test_errors_stand_beside_their_fields_and_values_are_kept(browser: Client, web1: Service) -> None:
    answer = browser.post("/services/web1/", {"p-version": "<b>", "p-mode": "fast", "p-hosts": "many"})
    page = text(answer)
    assert answer.status_code == 400
    assert "version must look like this: [0-9.]+." in page
    assert "hosts is a whole number" in page
    assert 'value="&lt;b&gt;"' in page
    assert '<option value="fast" selected>' in page
    assert page.count('aria-invalid="true"') == 2
    assert not Run.objects.exists()


def test_a_value_that_could_be_an_option_is_refused_beside_its_field(browser: Client, make: Make) -> None:
    make("shell", ["ls", "{path}"], parameters=[{"name": "path"}])
    answer = browser.post("/services/shell/", {"p-path": "-rf"})
    assert answer.status_code == 400
    assert "may not begin with" in text(answer)


def test_a_choice_that_is_none_is_refused(browser: Client, web1: Service) -> None:
    answer = browser.post("/services/web1/", {"p-version": "1", "p-mode": "evil"})
    assert answer.status_code == 400
    assert "mode is one of: fast, careful." in text(answer)


def test_lines_of_a_text_end_as_on_these_hosts(browser: Client, make: Make) -> None:
    make("note", ["note", "{text}"], parameters=[{"name": "text", "lines": True}])
    browser.post("/services/note/", {"p-text": "a\r\nb"})
    assert Run.objects.get().parameters == {"text": "a\nb"}


def test_a_busy_service_says_so_and_refuses_with_the_values_kept(browser: Client, web1: Service, bob: User) -> None:
    run = actions.start(web1, bob, {"version": "1"})
    assert f'href="/runs/{run.pk}/"' in text(browser.get("/services/web1/"))
    answer = browser.post("/services/web1/", {"p-version": "2", "p-mode": "fast", "p-hosts": "3"})
    assert answer.status_code == 409
    assert "web1 #1 is queued, started by bob" in text(answer)
    assert 'value="2"' in text(answer)


@pytest.mark.parametrize(("when_busy", "disabled"), [("refuse", True), ("queue", False)])
def test_run_is_disabled_only_while_the_service_would_refuse(
    when_busy: str, disabled: bool, browser: Client, make: Make
) -> None:
    service = make(when_busy=when_busy)

    def button() -> str:
        found = re.search(
            r'<button class="button" type="submit" aria-describedby="busy"([^>]*)>',
            text(browser.get("/services/web1/")),
        )
        return found[1].strip() if found else "missing"

    assert button() == ""
    run = actions.start(service, None, {})
    assert button() == ("disabled" if disabled else "")
    Run.objects.filter(pk=run.pk).move(State.CANCELED)
    assert button() == ""


def test_why_a_run_ended_is_said_in_ones_language(browser: Client, web1: Service, alice: User) -> None:
    run = actions.start(web1, alice, {"version": "1"})
    Run.objects.filter(pk=run.pk).move(State.RUNNING)
    Run.objects.filter(pk=run.pk).move(State.FAILED, **reasons.reason("status", status=3))
    for url in (f"/runs/{run.pk}/", "/runs/"):
        page = text(browser.get(url, headers={"accept-language": "ru"}))
        assert "Завершилось с кодом 3." in page
        assert ">It ended with status 3.<" not in page
        assert "It ended with status 3." in text(browser.get(url, headers={"accept-language": "en"}))
    Run.objects.update(why="")  # stored before there were codes
    assert ">It ended with status 3.<" in text(browser.get("/runs/", headers={"accept-language": "ru"}))
    Run.objects.update(why='{"code": "of a later version"}')
    assert ">It ended with status 3.<" in text(browser.get("/runs/", headers={"accept-language": "ru"}))


def test_why_nothing_was_started_is_said_in_ones_language(browser: Client, web1: Service, bob: User) -> None:
    Room.objects.create(name="ops")
    actions.start(web1, bob, {"version": "1"})

    def refused(line: str, language: str) -> str:
        answer = browser.post("/runs/start/", {"room": "ops", "line": line}, headers={"accept-language": language})
        assert answer.status_code == 409
        detail: str = answer.json()["detail"]
        return detail

    assert refused("web1 version=2", "ru").startswith("web1 #1: в очереди, пуск: bob.")
    assert refused("web1 version=2", "zh-CN").startswith("web1 #1：排队中，由 bob 启动。")
    assert refused("web1 mode=slow version=2", "zh-CN") == "mode 只能是：fast, careful。"
    assert refused("web1", "ru") == "Без version нельзя."
    assert refused("web1 color=red", "ru") == "Параметра color нет; есть: version, mode, force, hosts."
    assert refused("web1 version", "zh-CN") == "每个参数写一次，写成 name=value：'version'。"


def test_who_may_only_see_a_service_cannot_start_it(bob: User, make: Make) -> None:
    make("web1", run_by="listed")
    client = signed_in(bob)
    page = text(client.get("/services/web1/"))
    assert "You may see its runs, and not start it." in page
    assert 'id="start"' not in page
    assert client.post("/services/web1/", {}).status_code == 403
    assert not Run.objects.exists()


def test_a_service_that_is_switched_off_cannot_be_started(browser: Client, make: Make) -> None:
    make("web1", enabled=False)
    assert "switched off" in text(browser.get("/services/web1/"))
    assert browser.post("/services/web1/", {}).status_code == 409


def test_the_form_takes_over_the_values_of_a_run(browser: Client, web1: Service, alice: User) -> None:
    run = actions.start(web1, alice, {"version": "9.9"})
    assert 'value="9.9"' in text(browser.get(f"/services/web1/?like={run.pk}"))
    assert browser.get("/services/web1/?like=nonsense").status_code == 200


# runs


def test_runs_are_listed_by_service_state_and_person(browser: Client, make: Make, alice: User, bob: User) -> None:
    web1, web2 = make("web1"), make("web2")
    over = actions.start(web1, alice, {})
    Run.objects.filter(pk=over.pk).move(State.CANCELED)
    actions.start(web2, bob, {})

    def found(query: str) -> list[str]:
        return re.findall(r"<bdi>(web\d)</bdi>", text(browser.get(f"/runs/?{query}")))

    assert found("") == ["web2", "web1"]
    assert found("service=web1") == ["web1"]
    assert found("state=canceled") == ["web1"]
    assert found("state=active") == ["web2"]
    assert found("person=bob") == ["web2"]
    assert found("person=nobody") == []
    assert browser.get("/runs/?state=evil&service=%00").status_code == 200


def test_pages_say_how_who_started_a_run_is_called(browser: Client, make: Make, bob: User) -> None:
    bob.call("Bob <b>")
    run = actions.start(make("web1"), bob, {})
    for path in ("/runs/", "/services/", "/services/web1/", f"/runs/{run.pk}/"):
        page = re.sub(r">\s+<", "><", text(browser.get(path)))
        assert '<bdi class="called">Bob &lt;b&gt;</bdi><bdi>bob</bdi>' in page, path


def test_many_runs_come_in_pages(browser: Client, make: Make, alice: User) -> None:
    service = make("web1", when_busy="queue")
    for _ in range(51):
        actions.start(service, alice, {})
    first = text(browser.get("/runs/?state=active"))
    assert "Page 1 of 2" in first
    assert "?state=active&amp;page=2" in first
    assert ">#1<" in text(browser.get("/runs/?state=active&page=2"))
    assert browser.get("/runs/?page=evil").status_code == 200


def test_where_nothing_was_run_the_list_says_so(browser: Client) -> None:
    assert "Nothing has been run yet." in text(browser.get("/runs/"))
    assert "No run is like that." in text(browser.get("/runs/?person=zoe"))


# a run


def test_a_runs_page_has_its_last_lines_without_a_script(browser: Client, web1: Service, alice: User) -> None:
    run = printed(actions.start(web1, alice, {"version": "1"}), b"".join(b"line %d\n" % n for n in range(1, 1001)))
    page = text(browser.get(f"/runs/{run.pk}/"))
    assert "line 1000<" in page
    assert "line 802<" in page
    assert "line 799<" not in page
    assert "Cancel…" in page


def test_hostile_output_is_shown_as_what_it_is(browser: Client, make: Make, alice: User) -> None:
    hostile = (
        b"<script>alert(1)</script>\n"
        b"\x1b]0;title\x07after the title\n"
        b"\x1b]8;;javascript:alert(1)\x1b\\a link\x1b]8;;\x1b\\\n"
        b"\x1b]52;c;ZXZpbA==\x07clipboard\n"
        b"\x1b]0;unterminated\n"
        b"\x1b[2J\x1b[999;999Hcursor\x1b[" + b"9" * 5000 + b"mhuge\n"
        b"nul\x00 \xff bell\x07 back\x08\n"
        b"\xe2\x80\xae" + b"txt.exe\n"
        b"10%\r50%\r100%\r\n"
        b"\x1b[31mred\x1b[0m\n"
    )
    run = printed(actions.start(make("evil"), alice, {}), hostile)
    page = text(browser.get(f"/runs/{run.pk}/"))
    shown = re.findall(r'<span class="said">(.*?)</span></li>', page.partition("<template")[0])
    assert shown == [
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "after the title",
        "a link",
        "clipboard",
        "0;unterminated",
        "cursorhuge",
        "nul\\x00 \\xff bell back",
        "\\u202etxt.exe",
        "100%",
        '<span class="ansi-ink-1">red</span>',
    ]
    assert "<script>alert" not in page


def test_a_run_is_canceled_from_its_page(browser: Client, web1: Service, alice: User) -> None:
    run = actions.start(web1, alice, {"version": "1"})
    assert browser.post(f"/runs/{run.pk}/cancel/").status_code == 302
    run.refresh_from_db()
    assert run.state == State.CANCELED
    assert browser.get(f"/runs/{run.pk}/cancel/").status_code == 405
    Run.objects.filter(pk=run.pk).update(state=State.SUCCEEDED)
    assert "is over" in text(browser.post(f"/runs/{run.pk}/cancel/", follow=True))


def test_a_run_is_run_again_with_the_same_values(browser: Client, web1: Service, alice: User) -> None:
    run = actions.start(web1, alice, {"version": "1"})
    answer = browser.post(f"/runs/{run.pk}/again/", follow=True)
    assert "Not started: web1 #1 is queued" in text(answer)
    assert 'value="1"' in text(answer)
    Run.objects.filter(pk=run.pk).move(State.CANCELED)
    answer = browser.post(f"/runs/{run.pk}/again/")
    second = Run.objects.get(number=2)
    assert answer["Location"] == f"/runs/{second.pk}/"
    assert second.parameters["version"] == "1"


def test_before_a_run_is_run_again_the_page_asks_with_the_values_as_written(browser: Client, make: Make) -> None:
    values = [{"name": "environment"}, {"name": "break", "type": "boolean", "argument": "--break"}]
    service = make("web1", ["deploy", "{environment}", "{break}"], name="Roll <out>", parameters=values)
    run = actions.start(service, None, {"environment": "production", "break": True})
    Run.objects.filter(pk=run.pk).move(State.RUNNING, host="web-7")
    Run.objects.filter(pk=run.pk).move(State.SUCCEEDED)
    page = text(browser.get(f"/runs/{run.pk}/again/"))  # without a script the link leads here
    dialog = text(browser.get(f"/runs/{run.pk}/")).partition('<dialog class="confirm"')[2].partition("</dialog>")[0]
    for question in (page, dialog):
        for shown in ("Run Roll &lt;out&gt; again?", ">web1<", ">environment<", ">production<", ">true<", ">web-7<"):
            assert shown in question, shown
        assert re.search(r'<form[^>]* method="post"', question)
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("state", "primary"), [("succeeded", False), ("canceled", False), ("failed", True), ("timed_out", True)]
)
def test_run_again_is_the_first_thing_to_do_only_after_a_failure(
    state: str, primary: bool, browser: Client, make: Make
) -> None:
    run = actions.start(make(), None, {})
    Run.objects.filter(pk=run.pk).move(State.RUNNING)
    Run.objects.filter(pk=run.pk).move(State(state))
    button = re.search(r'<a class="(button[^"]*)"\s+id="again"', text(browser.get(f"/runs/{run.pk}/")))
    assert button
    assert (button[1] == "button") is primary


def test_who_may_only_see_a_run_can_neither_cancel_it_nor_run_it_again(make: Make, alice: User, bob: User) -> None:
    service = make("web1", run_by="listed")
    service.runners.add(alice)
    run = actions.start(service, alice, {})
    client = signed_in(bob)
    page = text(client.get(f"/runs/{run.pk}/"))
    assert "Cancel…" not in page
    assert "Run again" not in page
    assert "You may not cancel" in text(client.post(f"/runs/{run.pk}/cancel/", follow=True))
    for ask in (client.get, client.post):
        assert "You may not start" in text(ask(f"/runs/{run.pk}/again/", follow=True))
    run.refresh_from_db()
    assert run.state == State.QUEUED


def test_who_is_not_in_a_runs_room_neither_learns_of_it_nor_has_a_card_there(
    make: Make, alice: User, bob: User
) -> None:
    war = Room.objects.create(name="war-room", members_only=True)
    war.add_member(alice, alice)
    run = actions.start(make(concurrency=9), alice, {}, room=war)
    assert "war-room" in text(signed_in(alice).get(f"/runs/{run.pk}/"))
    assert "war-room" not in text(signed_in(bob).get(f"/runs/{run.pk}/"))
    events = war.events.count()
    signed_in(bob).post(f"/runs/{run.pk}/again/")
    assert Run.objects.get(number=2).room is None
    assert war.events.count() == events
    signed_in(alice).post(f"/runs/{run.pk}/again/")
    assert Run.objects.get(number=3).room == war


PLACES = [
    "/services/secret/",
    "/runs/{id}/",
    "/runs/{id}/lines/",
    "/runs/{id}/search/?q=a",
    "/runs/{id}/group/?line=1",
    "/runs/{id}/raw/",
    "/runs/{id}/download/",
]


@pytest.mark.parametrize("place", PLACES)
def test_nobody_without_the_right_finds_anything_of_a_service(
    place: str, make: Make, alice: User, bob: User, client: Client
) -> None:
    service = make("secret", run_by="listed", seen_by="listed")
    service.viewers.add(alice)
    run = printed(Run.objects.create(service=service, number=1, command=["true"]), b"a\n")
    url = place.format(id=run.pk)
    assert signed_in(alice).get(url).status_code == 200
    assert signed_in(bob).get(url).status_code == 404
    answer = client.get(url)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


def test_nobody_without_the_right_finds_a_service_in_a_list_or_acts_on_it(make: Make, bob: User) -> None:
    service = make("secret", name="The secret", run_by="listed", seen_by="listed")
    run = Run.objects.create(service=service, number=1, command=["true"])
    client = signed_in(bob)
    for url in ("/services/", "/runs/", "/runs/?service=secret"):
        found = text(client.get(url)).replace('value="secret"', "").replace(quote(url, safe=""), "")  # as requested
        assert "secret" not in found.lower(), url
    for url in ("/services/secret/", f"/runs/{run.pk}/cancel/", f"/runs/{run.pk}/again/"):
        assert client.post(url).status_code == 404, url
    assert Run.objects.get().cancel_requested_at is None


# its output


def test_lines_are_read_by_number(browser: Client, web1: Service, alice: User) -> None:
    run = printed(actions.start(web1, alice, {"version": "1"}), b"".join(b"line %d\n" % n for n in range(1, 1001)))
    answer = browser.get(f"/runs/{run.pk}/lines/?from=500&count=2").json()
    assert answer == {"from": 500, "lines": ["line 500", "line 501"]}
    assert browser.get(f"/runs/{run.pk}/lines/?from=5000").json()["lines"] == []
    for bad in ("from=0", "from=x", "count=501", "from=9999999999999999", "count=-1"):
        assert browser.get(f"/runs/{run.pk}/lines/?{bad}").json()["code"] == "bad_field", bad


def test_an_answer_stays_bounded_where_lines_are_long(browser: Client, web1: Service, alice: User) -> None:
    run = printed(actions.start(web1, alice, {"version": "1"}), (b"x" * 70_000 + b"\n") * 10)
    lines = browser.get(f"/runs/{run.pk}/lines/").json()["lines"]
    assert len(lines) == 10
    assert {len(line) for line in lines} == {8001}


@pytest.mark.parametrize("archived", [False, True])
def test_search_finds_every_line_whatever_its_colours_and_case(
    browser: Client, web1: Service, alice: User, archived: bool
) -> None:
    data = b"".join(b"line %d\n" % n for n in range(1, 3000)) + b"\x1b[32mALL \x1b[1mG\xc3\x96od\x1b[0m\nno end: line"
    run = printed(actions.start(web1, alice, {"version": "1"}), data, State.SUCCEEDED)
    if archived:
        archive.keep(run)

    def found(wanted: str) -> Any:
        return browser.get(f"/runs/{run.pk}/search/", {"q": wanted}).json()["lines"]

    assert found("line 29")[:3] == [29, 290, 291]
    assert len(found("LINE")) == 3000
    assert found("all göod") == [3000]
    assert found("no end") == [3001]
    assert found("nothing") == []
    assert browser.get(f"/runs/{run.pk}/search/").status_code == 400


def test_search_stops_at_ten_thousand_lines(browser: Client, web1: Service, alice: User) -> None:
    run = printed(actions.start(web1, alice, {"version": "1"}), b"a\n" * 10_001)
    answer = browser.get(f"/runs/{run.pk}/search/?q=a").json()
    assert len(answer["lines"]) == 10_000
    assert answer["more"] is True


def test_a_group_ends_at_its_mark_or_before_the_next_one(browser: Client, web1: Service, alice: User) -> None:
    data = b"::group one\na\nb\n::endgroup\nc\n::group two\nd\n::group three\ne\n"
    run = printed(actions.start(web1, alice, {"version": "1"}), data)
    ends = [browser.get(f"/runs/{run.pk}/group/?line={line}").json()["end"] for line in (1, 6, 8)]
    assert ends == [4, 7, None]


def test_the_end_of_a_group_is_found_wherever_chunks_are_cut(make: Make, alice: User) -> None:
    service = make(concurrency=99)
    for length in range(970, 1000):  # a chunk has 1,000 bytes here
        run = printed(actions.start(service, alice, {}), b"::group one\n" + b"x" * length + b"\n::endgroup\n")
        assert searching.group_end(run, 1) == 3


def test_a_group_without_an_end_is_looked_through_once(
    make: Make, alice: User, django_assert_max_num_queries: Any
) -> None:
    run = actions.start(make(), alice, {})
    Chunk.objects.create(run=run, seq=1, offset=0, line=1, data=b"::group one\n" + b"\n" * 1_000_000)
    Run.objects.filter(pk=run.pk).move(State.RUNNING)
    Run.objects.filter(pk=run.pk).move(State.SUCCEEDED)
    archive.keep(run)
    with django_assert_max_num_queries(9):
        assert searching.group_end(run, 1) is None


@pytest.mark.parametrize("archived", [False, True])
def test_the_raw_log_is_byte_for_byte_what_was_printed(
    browser: Client, web1: Service, alice: User, archived: bool
) -> None:
    data = b"\x1b[31m\xff\x00\r\n<b>" * 5000
    run = printed(actions.start(web1, alice, {"version": "1"}), data, State.SUCCEEDED if archived else State.RUNNING)
    if archived:
        archive.keep(run)
    for place in ("raw", "download"):
        answer = browser.get(f"/runs/{run.pk}/{place}/")
        assert b"".join(answer.streaming_content) == data  # type: ignore[attr-defined]
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="web1-1.log"'


def test_nginx_sends_what_is_archived_to_who_can_unpack_it(browser: Client, web1: Service, alice: User) -> None:
    run = printed(actions.start(web1, alice, {"version": "1"}), b"a\n", State.SUCCEEDED)
    archive.keep(run)
    front = "/protected-logs/"
    url = f"/runs/{run.pk}/download/"
    answer = browser.get(url, headers={"accept-encoding": "gzip, br"}, SENDS_LOGS=front)
    assert answer["X-Accel-Redirect"] == f"/protected-logs/{Archive.objects.get().file}"
    assert default_storage.exists(Archive.objects.get().file)
    assert "X-Accel-Redirect" not in browser.get(url, SENDS_LOGS=front)
    forged = browser.get(url, headers={"accept-encoding": "gzip", "sends-logs": "/protected-logs/"})
    assert "X-Accel-Redirect" not in forged


def test_a_run_without_output_has_pages_too(browser: Client, web1: Service, alice: User) -> None:
    run = actions.start(web1, alice, {"version": "1"}, room=Room.visit(alice, "lobby"))
    assert "It waits for a worker." in text(browser.get(f"/runs/{run.pk}/"))
    assert browser.get(f"/runs/{run.pk}/lines/").json()["lines"] == []
    assert browser.get(f"/runs/{run.pk}/search/?q=a").json()["lines"] == []
    assert list(reading.stream(run)) == []


def test_a_person_chooses_which_ends_of_a_service_are_told(browser: Client, web1: Service, alice: User) -> None:
    assert browser.post("/services/web1/ends/", {"ends": "failed"})["Location"] == "/services/web1/"
    assert EndChoice.of(alice, web1) == "failed"
    assert '<option value="failed" selected>' in text(browser.get("/services/web1/"))
    browser.post("/services/web1/ends/", {"ends": "all"})
    assert EndChoice.of(alice, web1) == "all"
    assert browser.post("/services/web1/ends/", {"ends": "sometimes"}).status_code == 400
    browser.post("/services/web1/ends/")
    assert EndChoice.of(alice, web1) == ""
    Service.objects.update(seen_by="listed", run_by="listed")
    assert browser.post("/services/web1/ends/", {"ends": "all"}).status_code == 404


@pytest.mark.parametrize(
    ("state", "title", "icon"),
    [
        (State.QUEUED, "Roll out &lt;web&gt; #1", "favicon.svg"),
        (State.RUNNING, "▶ Roll out &lt;web&gt; #1", "favicon-running.svg"),
        (State.SUCCEEDED, "✓ Roll out &lt;web&gt; #1", "favicon-succeeded.svg"),
        (State.LOST, "✕ Roll out &lt;web&gt; #1", "favicon-failed.svg"),
        (State.CANCELED, "– Roll out &lt;web&gt; #1", "favicon-canceled.svg"),
    ],
)
def test_the_tab_of_a_run_tells_its_state(
    browser: Client, web1: Service, alice: User, state: State, title: str, icon: str
) -> None:
    run = actions.start(web1, alice, {"version": "1"})
    if state != State.QUEUED:
        Run.objects.filter(pk=run.pk).move(State.RUNNING)
        Run.objects.filter(pk=run.pk).move(state)
    page = text(browser.get(f"/runs/{run.pk}/"))
    assert title in page.partition("</title>")[0].partition("<title>")[2]
    assert f'href="/static/{icon}"' in page
