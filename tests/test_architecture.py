"""The walls that the documents promise: imports go one way, and facts that stand in two places agree.

`python -m tests.house --list` shows the figures behind these tests, and each finding.
"""

import ast
import configparser
import re
import shlex

import pytest
from channels.routing import ChannelNameRouter

from tests.house import MAX_MODULES, MAX_MODULES_OF_NAMES, PRODUCT, PROSE, ROOT, House, Module, packages, within

HOUSE = House()
SOURCES = HOUSE.code
# A composition root may know everybody: the routes of asgi.py, and the entry point that starts the interface.
ROOTS = ("proj.asgi", "consumers.interface.__main__")
# The upper layers of an interface process, lowest first; support and transport lie below them.
INTERFACE_LAYERS = ("consumers.interface.chat", "consumers.interface.feeds", "consumers.interface.process")
# Each line: a package, the packages that it must not import.
WALLS = {
    "proj.layer": ("proj.accounts", "proj.rooms", "proj.runs", "proj.site", "proj.health"),
    "proj.accounts": ("proj.site", "proj.rooms", "proj.runs"),
    "proj.site": ("proj.rooms", "proj.runs"),
    "proj.rooms": ("proj.runs",),
    "proj.runs": ("proj.rooms.web",),
    "proj": ("consumers", "channels_legacy"),
    # A team's names stand on Django and the layer alone.
    "channels_legacy": (
        *("proj.accounts", "proj.rooms", "proj.runs", "proj.site", "proj.health", "proj.metrics", "proj.text"),
        *("consumers", "channels"),
    ),
    "consumers.interface.process": ("channels_legacy",),
    "consumers.sockets": ("consumers.workers",),
    "consumers.workers": ("consumers.sockets", "consumers.interface"),
    "consumers.interface": ("consumers.sockets", "consumers.workers"),
    "consumers.interface.support": (*INTERFACE_LAYERS, "consumers.interface.transport"),
    "consumers.interface.transport": INTERFACE_LAYERS,
    "consumers.interface.chat": INTERFACE_LAYERS[1:],
    "consumers.interface.feeds": INTERFACE_LAYERS[2:],
}
STARTERS = ("proj.runs.running", "proj.health.channels1", "consumers.workers")
MAX_DEFERRED = 12
MAX_UNTYPED = 40
# psutil's one file; the others are called *_internals.py.
INTERNALS = ("proj.runs.running.processes",)
# A name for the same thing in every app, as Django has `urlpatterns`.
ROLES = ("JOBS", "BROWSER_RULES")
PUBLIC = ("os._exit", "Run._meta", "model._meta")  # documented, in spite of their names


@pytest.mark.parametrize("module", SOURCES, ids=lambda module: module.name)
def test_imports_go_one_way(module: Module) -> None:
    for target, _, _ in module.imported():
        for package, forbidden in WALLS.items():
            if within(module.name, package) and module.name not in ROOTS:
                assert not within(target, *forbidden), f"{module.name} imports {target}"
        if within(target, "subprocess", "os.fork", "multiprocessing"):
            assert within(module.name, *STARTERS), f"{module.name} starts processes"


def test_modules_do_not_import_each_other_in_circles() -> None:
    assert HOUSE.circles(deferred=True) == []


@pytest.mark.parametrize("package", [package for package in packages(HOUSE) if package != "proj"])
def test_neighbouring_packages_do_not_import_each_other_in_circles(package: str) -> None:
    assert HOUSE.package_circles(package) == []


def test_few_imports_wait_in_functions() -> None:
    """Django's AppConfig.ready() must wait for the models; the others avoid loading the settings too early."""
    waiting = [one for one in HOUSE.deferred_imports() if ".apps imports " not in one]
    assert len(waiting) <= MAX_DEFERRED, waiting


def test_private_attributes_of_libraries_are_touched_in_one_file_for_each() -> None:
    found = [
        f"{module.name}:{node.lineno}: {ast.unparse(node)}"
        for module in HOUSE.modules(*PRODUCT)
        if not module.name.endswith("_internals") and module.name not in INTERNALS
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and re.match(r"_[a-z]", node.attr)
        and ast.unparse(node) not in PUBLIC
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    ]
    assert found == []


def test_few_dictionaries_hold_anything() -> None:
    untyped = [*HOUSE.lines_with("dict[str, Any]"), *HOUSE.lines_with("dict[str, object]")]
    assert len(untyped) < MAX_UNTYPED, untyped


def test_docstrings_begin_with_their_subject() -> None:
    assert HOUSE.odd_docstrings(*PROSE) == []


def test_comments_and_docstrings_name_their_things() -> None:
    """The interrogative pronouns stand for a noun that the reader must guess: the message, the run, the person."""
    words, whats, whos = HOUSE.word_counts(*PROSE)
    assert whats <= words / 1000
    assert whos <= words / 2000


def test_constants_have_names_of_their_own() -> None:
    shared = HOUSE.shared_constants(*PRODUCT)
    assert {name: places for name, places in shared.items() if name not in ROLES} == {}


def test_constants_are_named_by_a_noun() -> None:
    assert HOUSE.bare_constants(*PRODUCT) == []


def test_a_folder_has_at_most_a_dozen_files_side_by_side() -> None:
    crowds = HOUSE.crowds().items()
    assert [one for one in crowds if one[1] > MAX_MODULES_OF_NAMES.get(one[0], MAX_MODULES)] == []


def test_the_channels_in_supervisord_conf_are_those_of_the_router() -> None:
    from proj.asgi import application

    router = application.application_mapping["channel"]
    assert isinstance(router, ChannelNameRouter)
    conf = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    conf.read(ROOT / "supervisord.conf")
    consumed = set()
    for section in conf.sections():
        if section.startswith("program:worker-"):
            consumed.update(shlex.split(conf[section]["command"])[1:])
    assert consumed == set(router.application_mapping)


def test_a_runs_state_changes_in_one_place_only() -> None:
    for module in SOURCES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
                states = [keyword for keyword in node.keywords if keyword.arg == "state"]
                assert not states or module.name == "proj.runs.models", (
                    f"{module.name} changes a state without the table"
                )


def test_the_launcher_imports_nothing_but_the_standard_library_and_little_of_that() -> None:
    launcher = next(module for module in SOURCES if module.name == "proj.runs.running.launcher")
    light = {"json", "os", "resource", "select", "signal", "sys", "time", "typing.NoReturn", "typing.TypedDict"}
    assert {name for name, _, _ in launcher.imported()} == light


def test_the_protocols_error_codes_are_those_of_the_code() -> None:
    spec = (ROOT / "docs" / "protocol.md").read_text()
    table = spec.partition("## Errors")[2].partition("## Close codes")[0]
    documented = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}
    used = set()
    for module in [module for module in SOURCES if module.path.name != "views.py"]:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                at = {"Refusal": 0, "BadFrame": 0, "_error": 0, "refuse_frame": 0, "Refused": 1}.get(called)
                if at is not None and len(node.args) > at and isinstance(node.args[at], ast.Constant):
                    used.add(node.args[at].value)  # type: ignore[attr-defined]
    assert used | {"busy"} == documented


def test_every_setting_is_documented() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    settings = ast.parse((ROOT / "proj" / "settings.py").read_text())
    for node in ast.walk(settings):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setting":
            name = ast.literal_eval(node.args[0])
            assert f"`{name}`" in operations, f"docs/operations.md does not tell of {name}"
