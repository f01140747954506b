"""Compiled templates write exactly what Django's own nodes write."""

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest
from django.template import Context, Engine, RequestContext
from django.template.loader import get_template
from django.test import Client
from django.utils import translation
from django.utils.safestring import mark_safe

from proj.accounts.models import User
from proj.rooms.models import Room
from proj.runs.models import Chunk, Run, Service
from proj.site.templating.compiled import CompiledNodes

LANGUAGES = [code for code, _ in settings.LANGUAGES]
LIBRARIES = {"i18n": "django.templatetags.i18n", "static": "django.templatetags.static", "tz": "django.templatetags.tz"}
FOR_THE_ADMIN = {"accounts/admin_confirm.html", "accounts/admin_invite.html", "accounts/admin_links.html"}
FOR_THE_ADMIN |= {"accounts/admin_people.html", "rooms/admin_remove.html"}
WITH_A_TAG_IN_AN_INCLUDE = {"accounts/link.html", "rooms/join.html"}  # {% module %} in site/code.html


class Thing:
    """A value with everything that a template can ask for."""

    name = "<b>alice</b>"
    items = (1, 2, 3)

    def called(self) -> str:
        return "called & done"

    def with_argument(self, _argument: str) -> str:
        return "never"

    def delete(self) -> str:
        raise AssertionError("it alters data")

    delete.alters_data = True  # type: ignore[attr-defined]

    @property
    def missing_row(self) -> str:
        raise Room.DoesNotExist

    @property
    def broken(self) -> str:
        raise ZeroDivisionError

    def __str__(self) -> str:
        return "<thing>"


VALUES: dict[str, Any] = {
    "text": "<i>&'\"",
    "safe": mark_safe("<i>safe</i>"),
    "number": 1234567,
    "half": 0.5,
    "nothing": None,
    "yes": True,
    "thing": Thing(),
    "call": lambda: "<called>",
    "pairs": [("a", 1), ("b", 2)],
    "table": {"items": "<shadowed>", "0": "zero", "deep": {"list": ["<x>", "y"]}},
    "empty": [],
    "iterator": "abc",
    "at": datetime(2026, 11, 5, 4, 3, 2, tzinfo=UTC),
}
SNIPPETS = {
    "values": "{{ text }}{{ safe }}{{ number }}{{ half }}{{ nothing }}{{ yes }}{{ thing }}{{ call }}{{ gone }}"
    "{{ gone.a }}",
    "look-ups": "{{ thing.name }}{{ thing.called }}{{ thing.items.1 }}{{ table.items }}{{ table.0 }}"
    "{{ table.deep.list.0 }}"
    "{{ table.keys }}{{ table.none }}{{ text.upper }}{{ thing.none }}{{ pairs.0.1 }}{{ pairs.9 }}",
    "calls": "{{ thing.with_argument }}|{{ thing.delete }}|{{ thing.missing_row }}|{{ thing.missing_row.more }}",
    "literals": '{{ "<b>" }}{{ 5 }}{{ 2.5 }}{{ _("Rooms") }}{{ _("Rooms")|upper }}{{ True }}{{ None }}',
    "filters": '{{ text|upper }}{{ safe|upper }}{{ text|safe }}{{ safe|lower }}{{ gone|default:"<d>" }}'
    "{{ text|default:number }}"
    '{{ gone|default:text }}{{ number|add:1 }}{{ text|truncatechars:2 }}{{ at|date:"c" }}{{ at|utc }}{{ text|escape }}'
    '{{ text|linebreaks }}{{ pairs|length }}{{ text|urlencode:"" }}{{ text|force_escape }}{{ at }}'
    '{{ text|slice:":2" }}',
    "if": "{% if text %}a{% endif %}{% if gone %}b{% else %}c{% endif %}{% if nothing %}d{% elif yes %}e"
    "{% else %}f{% endif %}"
    "{% if number > 5 and not gone %}g{% endif %}{% if gone > 5 or nothing < 1 %}h{% endif %}"
    "{% if text in gone %}i{% endif %}"
    "{% if thing.broken == 1 %}j{% else %}k{% endif %}{% if not thing.broken %}l{% else %}m{% endif %}"
    '{% if yes is True and number == 1234567 and "a" not in text %}n{% endif %}{% if nothing is not None %}o{% endif %}'
    "{% if empty|length == 0 %}p{% endif %}{% if gone == nothing %}q{% endif %}"
    "{% if number >= 1 and number <= 2 %}r{% endif %}",
    "for": "{% for x in thing.items %}{{ x }}{{ forloop.counter }}{{ forloop.last }},{% endfor %}{{ x }}"
    "{% for a, b in pairs %}{{ a }}{{ b }}{% if not forloop.first %}!{% endif %}{% empty %}none{% endfor %}"
    "{% for x in empty %}{{ x }}{% empty %}none {{ text }}{% endfor %}{% for x in gone %}{% endfor %}"
    "{% for x in iterator reversed %}{{ x }}{{ forloop.revcounter0 }}{% for y in iterator %}{{ y }}"
    "{% endfor %}{% endfor %}"
    "{% for key, value in table.deep.items %}{{ key }}{{ value }}{% endfor %}",
    "with": '{% with a=text b="<b>" text=number %}{{ a }}{{ b }}{{ text }}{% endwith %}{{ a }}{{ text }}',
    "set": '{% translate "Rooms" as word %}{{ word }}{% if yes %}{% translate "Search" as word %}{% endif %}{{ word }}'
    '{% for x in pairs %}{{ last }}{% translate "Runs" as last %}{% endfor %}{{ last }}'
    '{% for x, y in pairs %}{{ inner }}{% translate "Runs" as inner %}{{ inner }}{% endfor %}{{ inner }}'
    '{% url "rooms:list" as place %}{{ place }}{% url "nowhere" as none %}{{ none }}'
    "{% get_current_language as lang %}{{ lang }}"
    '{% static "favicon.svg" as icon %}{{ icon }}{% url "rooms:room" text as room %}{{ room }}'
    "{% blocktranslate asvar block %}{{ number }} of{% endblocktranslate %}{{ block }}",
    "translate": '{% translate "Rooms" %}{% translate "100 %" %}{% translate "<b>" %}{% translate "Rooms" noop %}'
    '{% translate "May" context "month name" %}',
    "blocktranslate": "{% blocktranslate %}Rooms{% endblocktranslate %}{% blocktranslate %}100 % of {{ text }}"
    "{% endblocktranslate %}"
    "{% blocktranslate with n=thing.name trimmed %}\n  Settings of {{ n }}\n{% endblocktranslate %}{{ n }}"
    "{% blocktranslate %}{{ gone }} and {{ safe }} {{ nothing }}{% endblocktranslate %}",
    "plural": "{% for n in thing.items %}{% blocktranslate count n=n trimmed %}{{ n }} mention of you{% plural %}"
    "{{ n }} mentions of you{% endblocktranslate %}{% endfor %}"
    "{% blocktranslate count many=number with who=text %}{{ who }} {{ many }}{% plural %}{{ many }} {{ who }}"
    "{% endblocktranslate %}",
    "addresses": '{% url "rooms:list" %}{% url "rooms:room" text %}{% url "rooms:room" name=number %}'
    '{% static "favicon.svg" %}',
    "spaceless": "{% spaceless %} <p> <b>a</b> {{ safe }} </p>  <i> </i> {{ text }} {% endspaceless %}",
    "include": '{% include "part.html" %}{% include "part.html" with text="<b>" gone=number %}{{ inside }}{{ text }}'
    '{% for x in pairs %}{% include "part.html" with text=x.0 %}{% endfor %}',
    "nested include": '{% with text=call %}{% include "outer.html" %}{% endwith %}',
    "extends": '{% extends "base.html" %}{% block two %}child {{ text }}{% block three %}{% endblock %}{% endblock %}',
    "extends twice": '{% extends "middle.html" %}{% block one %}last {{ number }}{% endblock %}'
    "{% block four %}4{% endblock %}",
    "comment": "a{# one #}b{% comment %}{{ text }}{% endcomment %}c",
    "token": "{% csrf_token %}",
}
DJANGOS = {
    "autoescape": "{% autoescape off %}{{ text }}{% endautoescape %}{{ text }}",
    "language": '{% language "ru" %}{% translate "Rooms" %}{% endlanguage %}{% translate "Rooms" %}',
    "cycle": '{% for x in iterator %}{% cycle "a" "b" %}{% endfor %}',
    "filter": "{% filter upper %}{{ text }}{% endfilter %}",
    "super": '{% extends "base.html" %}{% block one %}{{ block.super }}!{% endblock %}',
    "only": '{% include "part.html" with a=1 only %}',
    "chosen include": "{% include name %}",
    "with context": '{% translate "May" context text %}',
}
PARTS = {
    "part.html": '{% load i18n %}[{{ text }}{{ gone }}{% translate "Rooms" as inside %}{{ inside }}'
    "{% block one %}b{% endblock %}]",
    "outer.html": '<{% include "part.html" with gone=text %}{{ text }}>',
    "base.html": "{% load i18n %}start {% block one %}one {{ text }}{% translate 'Runs' as x %}{% endblock %}{{ x }} "
    "{% if yes %}{% block two %}two{% endblock %}{% endif %} {% include 'part.html' %}{% block three %}3"
    "{% endblock %}end",
    "middle.html": '{% extends "base.html" %}{% block two %}middle {% block four %}four{% endblock %}{% endblock %}'
    "{% block three %}third{% endblock %}",
}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    for name, text in PARTS.items():
        (tmp_path / name).write_text(text)
    loaders = [("proj.site.templating.loader.Loader", ["django.template.loaders.filesystem.Loader"])]
    builtins = list(LIBRARIES.values())
    return Engine(dirs=[str(tmp_path)], loaders=loaders, builtins=builtins, libraries=LIBRARIES)


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    with translation.override(request.param):
        yield request.param


def request_context(**more: Any) -> RequestContext:
    request = HttpRequest()
    request.META["CSRF_COOKIE"] = "c" * 32
    return RequestContext(request, VALUES | more)


def both(engine: Engine, text: str, context: Callable[[], Context]) -> tuple[str, str, bool]:
    """Return a template as Django renders it, as our nodes render it, and whether they have a function."""
    template = engine.from_string(text)
    plain = _by_django(lambda: engine.from_string(text).render(context()))
    nodes = template.nodelist = CompiledNodes(template.nodelist, "snippet", engine)
    return plain, template.render(context()), nodes.function() is not None


def _by_django(render: Callable[[], Any]) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CompiledNodes, "_suits", lambda _self, _context: False)
        return render()


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_compiled_template_writes_what_django_writes(engine: Engine, language: str, name: str) -> None:
    plain, ours, compiled = both(engine, SNIPPETS[name], lambda: Context(VALUES))
    assert ours == plain
    assert compiled
    assert language


@pytest.mark.parametrize("name", DJANGOS)
def test_django_renders_a_template_with_anything_that_is_not_compiled(engine: Engine, language: str, name: str) -> None:
    plain, ours, compiled = both(engine, DJANGOS[name], lambda: Context(VALUES | {"name": "part.html"}))
    assert ours == plain
    assert not compiled
    assert language


def test_a_context_without_escaping_is_rendered_without_it(engine: Engine) -> None:
    plain, ours, _ = both(engine, "{{ text }}", lambda: Context(VALUES, autoescape=False))
    assert ours == plain == VALUES["text"]


def test_a_request_brings_the_token_of_its_forms(engine: Engine) -> None:
    _, ours, _ = both(engine, "{% csrf_token %}", request_context)
    assert re.fullmatch(r'<input type="hidden" name="csrfmiddlewaretoken" value="\w{64}">', ours)


def test_the_language_may_change_in_the_middle_of_a_request(engine: Engine) -> None:
    template = engine.get_template("part.html")
    written = []
    for code in ("en", "ru", "en", "zh-hans"):
        with translation.override(code):
            written.append(template.render(Context()))
            assert translation.gettext("Rooms") in written[-1]
    assert written[0] == written[2]
    assert len(set(written)) == 3


def test_a_translation_with_other_names_gives_the_original_text(engine: Engine, monkeypatch: Any) -> None:
    text = "{% blocktranslate %}of {{ text }}{% endblocktranslate %}"
    real = translation.gettext
    wrong = lambda message: "%(other)s" if translation.get_language() == "ru" else real(message)  # noqa: E731
    monkeypatch.setattr("django.utils.translation.gettext", wrong)
    monkeypatch.setattr("proj.site.templating.source.gettext", wrong)
    with translation.override("ru"):
        plain, ours, _ = both(engine, text, lambda: Context(VALUES))
    assert ours == plain == "of &lt;i&gt;&amp;&#x27;&quot;"


@pytest.mark.parametrize(
    "text", ["{{ thing.broken }}", "{% if thing.broken %}{% endif %}", "{% for a, b, c in pairs %}{% endfor %}"]
)
def test_an_error_of_a_value_is_the_same_error(engine: Engine, text: str) -> None:
    errors = []
    for render in (both, lambda *given: _by_django(lambda: both(*given))):
        with pytest.raises((ZeroDivisionError, ValueError)) as caught:
            render(engine, text, lambda: Context(VALUES))
        errors.append((caught.type, str(caught.value)))
    assert errors[0] == errors[1]


def test_the_page_of_an_error_shows_its_place_in_the_template(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("one\n{{ thing.broken }}\nthree")
    loaders = [("proj.site.templating.loader.Loader", ["django.template.loaders.filesystem.Loader"])]
    engine = Engine(dirs=[str(tmp_path)], loaders=loaders, debug=True)
    with pytest.raises(ZeroDivisionError) as caught:
        engine.get_template("page.html").render(Context(VALUES))
    assert caught.value.template_debug["line"] == 2  # type: ignore[attr-defined]


def test_templates_of_the_project_are_compiled() -> None:
    folder = Path(settings.BASE_DIR) / "proj" / "templates"
    left = set()
    for path in folder.rglob("*.html"):
        nodes = get_template(str(path.relative_to(folder))).template.nodelist  # type: ignore[attr-defined]
        if nodes.function() is None:
            left.add(str(path.relative_to(folder)))
    assert left == FOR_THE_ADMIN | WITH_A_TAG_IN_AN_INCLUDE


def filled(alice: User, bob: User) -> list[str]:
    """Fill the database with something of each kind; return the addresses of the pages."""
    bob.display_name = "Bob <b>"
    bob.save()
    room = Room.visit(alice, "ops <1>")
    secret = Room.objects.create(name="secret", members_only=True, owner=alice)
    secret.add_member(alice, alice)
    secret.add_member(bob, alice)
    posts = [room.post(person, text) for person, text in zip((alice, bob) * 4, TEXTS, strict=True)]
    numbers = [post.seq for post in posts]  # type: ignore[union-attr]
    room.edit(alice, numbers[0], "edited **text**")
    room.delete_message(bob, numbers[1])
    room.react(bob, numbers[2], "👍")
    room.post(bob, "@alice look")
    service = Service.objects.create(
        uid="web1", name="Web <1>", command=["echo", "{version}"], parameters=[{"name": "version"}], last_number=1
    )
    values: dict[str, Any] = {
        "service": service,
        "person": bob,
        "parameters": {"version": "1 <2>"},
        "command": ["echo"],
    }
    times = {"created_at": AT, "started_at": AT, "ended_at": AT}
    run = Run.objects.create(
        id=uuid.UUID(int=1), number=1, state="failed", exit_code=1, bytes=4, lines=2, chunks=1, **values, **times
    )
    Chunk.of(run, 1, 0, 1, b"a\nb\n").save()
    room_pages = ("", "ops%20%3C1%3E/", "secret/", "secret/settings/", "none/")
    pages = [f"/chat/{page}" for page in room_pages] + ["/search/?q=text", "/settings/", "/rooms/side/", "/rooms/new/"]
    pages += ["/services/", "/services/web1/", "/services/?q=nothing", "/runs/", f"/runs/{run.pk}/"]
    return [*pages, f"/runs/{run.pk}/again/", "/sessions/", "/password/", "/join/", "/nowhere/"]


TEXTS = ("text one", "text two", "`text` three", "https://example.com", "text\n" * 30, "<b>", "*a*", "last")
AT = "2026-11-05T04:03:02Z"


@pytest.mark.django_db(transaction=True)
def test_every_page_is_the_same_as_without_functions(client: Client, alice: User, bob: User) -> None:
    alice.is_staff = True
    alice.save()
    pages = filled(alice, bob)
    client.force_login(alice)
    outside = Client()
    for language in LANGUAGES:
        for path in [*pages, "/sign-in/", "/sign-in/link/"]:
            asked = outside if path.startswith("/sign-in/") else client

            def body(path: str = path, asked: Client = asked, language: str = language) -> str:
                return masked(asked.get(path, headers={"accept-language": language}).content.decode())

            body()  # the first page may tell of a new device, or write a session
            assert body() == _by_django(body), (language, path)


def masked(page: str) -> str:
    """Return a page without its tokens, which differ each time."""
    return re.sub(r'(csrfmiddlewaretoken" value=")[^"]*', r"\1", page)
