"""Everything that stands in the way of a team's code, one sample for each topic."""

from pathlib import Path

import pytest

from channels_legacy.bring_over.report import TOPICS, Finding
from channels_legacy.bring_over.survey import survey

IMPORT = "from channels import Group\n"


def found(folder: Path, files: dict[str, str]) -> list[Finding]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    report = survey(folder)
    return [one for one in [*report.unread, *report.findings] if one.topic != "no routing"]


@pytest.mark.parametrize(
    ("text", "topic", "detail"),
    [
        ("from channels.db import database_sync_to_async", "channels 2", "channels.db.database_sync_to_async"),
        ("from channels.layers import get_channel_layer", "channels 2", "channels.layers.get_channel_layer"),
        (
            "from channels.generic.websocket import AsyncWebsocketConsumer",
            "channels 2",
            "channels.generic.websocket.AsyncWebsocketConsumer",
        ),
        ("from channels.routing import URLRouter", "channels 2", "channels.routing.URLRouter"),
        ("import channels.layers", "channels 2", "channels.layers"),
        ("from asgiref.sync import async_to_sync", "channels 2", "asgiref.sync"),
        ("from asgiref.inmemory import ChannelLayer", "other server", "asgiref.inmemory"),
        ("import asgi_redis", "other server", "asgi_redis"),
        ("from daphne.server import Server", "other server", "daphne.server"),
        ("from channels.test import ChannelLiveServerTestCase", "not kept", None),
        ("from channels.sessions import session_of", "no such name", "channels.sessions.session_of"),
        ("class Layer(BaseChannelLayer):\n    pass", "layer", "Layer"),
        ("CHANNEL_LAYERS = {'default': {'BACKEND': 'our.layers.Mqtt'}}", "layer", "our.layers.Mqtt"),
        ("CHANNEL_LAYERS = {'default': {'BACKEND': 'asgi_redis.RedisChannelLayer'}}", "settings", "CHANNEL_LAYERS"),
        ("async def enter(message):\n    pass", "async consumer", "async def enter"),
        ("channel_layer.group_channels('a')", "group_channels", ""),
        ("Channel('asgi.delay').send({})", "delay", ""),
        ("route('http.request', 'chat.consumers.page')", "http consumer", "chat.consumers.page"),
        ("routes = {'http.request': 'our.pages.page'}", "http consumer", "our.pages.page"),
        ("routes = {'http.request': StaticFilesConsumer()}", "static consumer", "StaticFilesConsumer"),
        ("threading.Thread(target=print)", "thread", "threading.Thread"),
        ("time.sleep(3)", "sleep", "time.sleep(3)"),
        ("class A: strict_ordering = True", "ordering", "strict_ordering"),
        ("layer.receive_many(['a'])", "reads channels", "receive_many"),
        ("from django.core.urlresolvers import reverse", "django", "django.core.urlresolvers is now django.urls"),
        ("from django.conf.urls import include, url", "django", "django.conf.urls.url is now django.urls.re_path"),
        ("MIDDLEWARE_CLASSES = []", "django", "MIDDLEWARE_CLASSES"),
        ("owner = models.ForeignKey('User', null=True)", "django", "ForeignKey without on_delete"),
        ("from django.contrib.auth.models import User", "user model", "django.contrib.auth.models.User"),
        ("owner = models.ForeignKey('auth.User', models.CASCADE)", "user model", "'auth.User'"),
        ("request.user.is_authenticated()", "django", "is_authenticated is an attribute: delete the brackets"),
        ("from django.utils import timezone\ntimezone.utc", "django", None),
        ("names.iteritems()", "python2", ".iteritems()"),
        ("unicode('a')", "python2", "unicode()"),
        ("message['path'].decode('ascii')", "python2", "message['path'] is text: delete .decode()"),
        ("message.content['text'].decode()", "python2", "message.content['text'] is text: delete .decode()"),
        ("class Streams(WebsocketDemultiplexer): mapping = {'a': 'binding.a'}", "mapping", "Streams.mapping"),
        ("import urlparse", "python2", "the module urlparse"),
        ("from collections import Mapping", "python2", "collections.Mapping is now collections.abc.Mapping"),
    ],
)
def test_a_hindrance_is_found_at_its_line(tmp_path: Path, text: str, topic: str, detail: str | None) -> None:
    line = 2 if text.count("\n") == 0 or not text.startswith("from django.utils") else 3
    matching = [one for one in found(tmp_path, {"a.py": IMPORT + text + "\n"}) if one.topic == topic]
    assert [one.line for one in matching] == [line]
    if detail is not None:
        assert matching[0].detail == detail


@pytest.mark.parametrize(
    "text",
    [
        "owner = models.ForeignKey('User', models.CASCADE)",
        "owner = models.ForeignKey('User', on_delete=models.CASCADE)",
        "from django.conf.urls import include",
        "user.is_authenticated",
        "from django.contrib.auth.models import AnonymousUser, Group as People",
        "query = message['query_string'].decode()",
        "def unicode(text):\n    return text\nunicode('a')",
        "LIMITS = {'a': 1}\ndef f(message):\n    return LIMITS['a']",
        "def f(message):\n    names = {}\n    names['a'] = 1",
        "from channels.sessions import channel_session, enforce_ordering\nfrom channels.asgi import channel_layers",
    ],
)
def test_code_that_works_as_it_is_has_no_finding(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, {"a.py": IMPORT + text + "\n"}) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("people = {}\ndef enter(message):\n    people[message.reply_channel.name] = 1", "people"),
        ("people = set()\ndef enter(message):\n    people.add(1)", "people"),
        ("people = defaultdict(list)\ndef enter(message):\n    people['a'].append(1)", "people"),
        ("people = {}\ndef leave(message):\n    del people['a']", "people"),
        ("count = 0\ndef enter(message):\n    global count\n    count += 1", "count"),
        ("class A:\n    people = []\n    def connect(self):\n        self.people.append(1)", "A.people"),
        ("class A:\n    count = 0\n    def connect(self):\n        A.count += 1", "A.count"),
    ],
)
def test_state_in_a_workers_memory_is_found(tmp_path: Path, text: str, name: str) -> None:
    state = [one for one in found(tmp_path, {"a.py": IMPORT + text + "\n"}) if one.topic == "state"]
    assert [one.detail for one in state] == [name]


def test_python_2_is_read_line_by_line(tmp_path: Path) -> None:
    text = (
        "from channels import Group\nimport channels\n"
        'def enter(message):\n\ttry:\n        \tprint "in", `message`\n\t\tprint >>log, "%s" % (\n\t\t\t1,\n\t\t)\n'
        "\texcept (KeyError, ValueError), error:\n\t\traise ValueError, 'no'\n\texec 'a = 1' in {}\n"
        "\tif 1 <> 0777L: print\n\tpeople = ur'a'\n\tchannels.Group('a')\ndef odd((a, b)):\n    pass\n"
    )
    faults = found(tmp_path, {"a.py": text})
    assert {one.topic for one in faults} == {"python2"}
    assert {one.line for one in faults} >= {5, 9, 10, 11, 12, 15}
    assert [change.line for change in survey(tmp_path).changes] == [1, 2, 14]


def test_an_implicit_relative_import_is_found(tmp_path: Path) -> None:
    files = {"chat/__init__.py": "", "chat/consumers.py": IMPORT, "chat/routing.py": "from consumers import *\n"}
    assert Finding("chat/routing.py", 1, "relative import", "from consumers import *") in found(tmp_path, files)


def test_scripts_and_requirements_are_read(tmp_path: Path) -> None:
    files = {
        "a.py": IMPORT,
        "Procfile": "web: daphne chat.asgi:channel_layer\nworker: python manage.py runworker -v2\n",
        "deploy/start.sh": "./manage.py runserver 8000\n",
        "requirements.txt": "Django==1.11\nchannels==1.1.8\nasgi_redis\n",
    }
    places = [(one.path, one.line, one.detail) for one in found(tmp_path, files)]
    assert places == [
        ("Procfile", 1, "daphne"),
        ("Procfile", 2, "runworker"),
        ("deploy/start.sh", 1, "runserver"),
        ("requirements.txt", 2, "channels==1.1.8"),
        ("requirements.txt", 3, "asgi_redis"),
    ]


def test_the_settings_that_bring_the_tree_in_are_found(tmp_path: Path) -> None:
    files = {
        "site/manage.py": "",
        "site/proj/__init__.py": "",
        "site/proj/settings.py": "INSTALLED_APPS = ['django.contrib.auth', 'channels', 'chat.apps.ChatConfig']\n"
        "CHANNEL_LAYERS = {'a': {'BACKEND': 'asgi_redis.RedisChannelLayer', 'ROUTING': 'proj.routing.routes'}}\n",
        "site/proj/routing.py": "from channels import include\nroutes = [include('chat.routing.channel_routing')]\n",
        "site/chat/__init__.py": "",
        "site/chat/routing.py": "from channels import route\nchannel_routing = [route('websocket.connect', print)]\n",
        "site/chat/consumers.py": f"from django.conf import settings\n{IMPORT}LIMIT = settings.CHAT_LIMIT\n",
        "site/requirements/base.txt": "channels==1.1.8\n",
    }
    found(tmp_path, files)
    routing = survey(tmp_path).routing
    assert routing.routing == "proj.routing.routes"
    assert routing.others == ["chat.routing.channel_routing"]
    assert (routing.code, routing.apps) == (str(tmp_path / "site"), ["chat"])
    assert (routing.requirements, routing.settings_read) == ("site/requirements/base.txt", ["CHAT_LIMIT"])


def test_an_app_with_models_needs_migrations(tmp_path: Path) -> None:
    files = {"chat/__init__.py": "", "chat/models.py": f"{IMPORT}class Room(models.Model):\n    pass\n"}
    assert found(tmp_path, files) == [Finding("chat/models.py", 2, "no migrations", "chat")]
    assert found(tmp_path, {"chat/migrations/__init__.py": "", "chat/migrations/0001_initial.py": ""}) == []


@pytest.mark.parametrize(
    ("routes", "paths", "topics"),
    [
        ("[route('websocket.connect', f, path=r'^/channel/(?P<room>\\w+)/$')]", [], []),
        ("[include('a.inner', path=r'^/deck/stream')]", ["/deck/stream/"], []),
        ("[include('a.inner'), route('own', f, kind='^x')]", ["/inner/"], []),
        ("[Consumer.as_route(path=r'^/deck/boards/[a-z]+$'), route_class(Own)]", ["/deck/boards/"], []),
        ("[route_class(C, path='^/deck/rooms?/x/$'), route_class(C, path='/channel/x/')]", ["/channel/", "/deck/"], []),
        ("[include('a.inner', path=r'^/chat'), include('a.inner', path='^/')]", [], ["any address", "taken address"]),
        ("{'websocket.connect': f}", [], ["any address"]),
        ("[route_class(C)]", [], ["any address"]),
        ("[route('own', f)]", [], []),
    ],
)
def test_the_addresses_of_the_sockets_are_found(
    tmp_path: Path, routes: str, paths: list[str], topics: list[str]
) -> None:
    inner = "inner = [route('websocket.receive', f, path=r'^/inner/$')]"
    text = f"from channels import *\n{inner}\nchannel_routing = {routes}"
    assert sorted(one.topic for one in found(tmp_path, {"a.py": text})) == topics
    assert survey(tmp_path).routing.paths == paths


@pytest.mark.parametrize(("package", "hidden"), [("consumers", True), ("json", True), ("deck", False)])
def test_a_package_that_another_one_hides_is_named(tmp_path: Path, package: str, hidden: bool) -> None:
    routing = f"{IMPORT}channel_routing = [route('own', f)]\n"
    findings = found(tmp_path, {f"{package}/__init__.py": "", f"{package}/routing.py": routing})
    assert [one.detail.split()[0] for one in findings if one.topic == "hidden package"] == [package] * hidden


def test_every_topic_has_a_sentence_that_ends() -> None:
    assert [topic for topic, one in TOPICS.items() if not one.sentence.endswith(".")] == []
