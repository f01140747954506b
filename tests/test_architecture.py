"""The walls that the documents promise: imports go one way, and facts that stand in two places agree."""

import ast
import configparser
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from channels.routing import ChannelNameRouter

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([*ROOT.glob("proj/**/*.py"), *ROOT.glob("consumers/**/*.py")])
APPS = ("proj.accounts", "proj.rooms")


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("path", SOURCES, ids=module)
def test_imports_go_one_way(path: Path) -> None:
    name = module(path)
    for target in imported(path):
        if inside(target, "consumers") and name != "proj.asgi":
            assert inside(name, "consumers"), f"{name} imports {target}"
        if inside(name, "proj.layer"):
            assert not inside(target, "proj") or inside(target, "proj.layer"), f"{name} imports {target}"
        if inside(name, "proj.accounts"):
            assert not inside(target, "proj.rooms", "proj.runs"), f"{name} imports {target}"
        if inside(name, "proj.rooms"):
            assert not inside(target, "proj.runs"), f"{name} imports {target}"
        if inside(name, "consumers.sockets"):
            assert not inside(target, "consumers.workers"), f"{name} imports {target}"
        if inside(name, "consumers.workers"):
            assert not inside(target, "consumers.sockets", "consumers.interface"), f"{name} imports {target}"
        if inside(name, "consumers.interface"):
            assert not inside(target, "consumers.sockets"), f"{name} imports {target}"
        if inside(target, "subprocess", "os.fork", "multiprocessing"):
            assert inside(name, "proj.runs.running", "consumers.workers"), f"{name} starts processes"


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
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
                states = [keyword for keyword in node.keywords if keyword.arg == "state"]
                assert not states or module(path) == "proj.runs.models", f"{path} changes a state without the table"


def test_the_launcher_imports_nothing_but_the_standard_library_and_little_of_that() -> None:
    launcher = ROOT / "proj" / "runs" / "running" / "launcher.py"
    light = {"json", "os", "resource", "select", "signal", "sys", "time", "typing.Any", "typing.NoReturn"}
    assert set(imported(launcher)) == light


def test_the_protocols_error_codes_are_those_of_the_code() -> None:
    spec = (ROOT / "docs" / "protocol.md").read_text()
    table = spec.partition("## Errors")[2].partition("## Close codes")[0]
    documented = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}
    used = set()
    for path in [path for path in SOURCES if path.name != "views.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                at = {"Refusal": 0, "BadFrame": 0, "_error": 0, "Refused": 1}.get(called)
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
