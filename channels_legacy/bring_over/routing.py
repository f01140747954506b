"""The values of the settings that bring a tree in: its routing, its directory, its apps, its requirements."""

import ast
from collections.abc import Iterator
from pathlib import Path

from channels_legacy.bring_over.names import words
from channels_legacy.bring_over.paths import addresses
from channels_legacy.bring_over.report import Routing
from channels_legacy.bring_over.source import Source

ROUTES = ("route", "route_class", "include", "Route", "RouteClass", "Include", "as_route")
# Upper-case attributes of django.conf.settings that a process has without a team's help.
OURS = words(
    "DEBUG SECRET_KEY BASE_DIR INSTALLED_APPS DATABASES AUTH_USER_MODEL ALLOWED_HOSTS LANGUAGES STATIC_URL "
    "STATIC_ROOT TIME_ZONE USE_TZ LOGIN_URL ROOT_URLCONF CACHES LANGUAGE_CODE SESSION_COOKIE_NAME "
    "SESSION_ENGINE CHANNEL_LAYERS MIDDLEWARE TEMPLATES DEFAULT_FROM_EMAIL AUTHENTICATION_BACKENDS "
    "EMAIL_HOST EMAIL_PORT EMAIL_HOST_USER EMAIL_HOST_PASSWORD"
)


def find_routing(root: Path, sources: list[Source], requirements: list[str]) -> Routing:
    """Return the values to set. The routing that CHANNEL_LAYERS names goes before those found by their form."""
    by_path = {source.path: source for source in sources}
    named = [name for source in sources for name in _named(source)]
    found = [f"{_module(source)}.{name}" for source in sources for name in _routings(source) if not source.is_test]
    whole = [name for name in found if name.endswith(".channel_routing")]
    chosen = next((name for name in [*named, *sorted(whole, key=_depth), *sorted(found, key=_depth)]), "")
    folder = _folder(root, chosen, by_path)
    routing = Routing(
        routing=chosen,
        others=sorted({*named, *found} - {chosen}),
        code=str(folder) if folder else "",
        requirements=min(requirements, key=lambda path: (path.count("/"), path), default=""),
    )
    if folder:
        routing.apps = sorted({app for source in sources for app in _apps(source, folder)})
    lists = {name: value for source in sources for name, value in _assigned(source)}
    routing.paths = sorted(addresses(chosen, lists))
    routing.settings_read = sorted({name for source in sources for name in _settings_read(source)} - OURS)
    return routing


def _depth(name: str) -> tuple[int, str]:
    return name.count("."), name


def _named(source: Source) -> Iterator[str]:
    """Yield the dotted names behind the keys "ROUTING" of a settings module."""
    for node in source.nodes:
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "ROUTING" and isinstance(value, ast.Constant):
                    yield str(value.value)


def _routings(source: Source) -> Iterator[str]:
    """Yield the names of a module that hold routes: a list of calls of route(), or a dictionary of channels."""
    for node in source.tree.body if source.tree else ():
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        name = node.targets[0].id
        calls = [one for one in ast.walk(node.value) if isinstance(one, ast.Call)] if source.uses_channels else []
        if name == "channel_routing" or any(_called(one) in ROUTES for one in calls):
            yield name


def _assigned(source: Source) -> Iterator[tuple[str, ast.expr]]:
    """Yield the dotted names that a module binds, with the values: the routings are among them."""
    for node in source.tree.body if source.tree else ():
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield f"{_module(source)}.{node.targets[0].id}", node.value


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _package_root(file: Path) -> Path:
    """Return the folder that must be on Python's path so that a file is importable: above its outermost package."""
    folder = file.parent
    while (folder / "__init__.py").exists() and folder != folder.parent:
        if (folder / "manage.py").exists():
            break
        folder = folder.parent
    return folder


def _module(source: Source) -> str:
    parts = source.file.with_suffix("").relative_to(_package_root(source.file)).parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _folder(root: Path, routing: str, by_path: dict[str, Source]) -> Path | None:
    """Return the folder to put on Python's path for a routing; None when its module is not in the tree."""
    module = routing.rpartition(".")[0]
    for name in (f"{module.replace('.', '/')}.py", f"{module.replace('.', '/')}/__init__.py"):
        for path in sorted(by_path, key=len):
            if module and (path == name or path.endswith(f"/{name}")):
                inside = path.removesuffix(name).rstrip("/")
                return (root / inside).resolve()
    return None


def _apps(source: Source, folder: Path) -> Iterator[str]:
    """Yield the team's own apps in a list of installed apps: those that lie in the folder."""
    for node in source.nodes:
        if not isinstance(node, ast.Assign | ast.AugAssign):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id.endswith("APPS") for target in targets):
            for one in ast.walk(node.value):
                if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value.isprintable():
                    package = one.value.split(".apps.")[0]
                    if package and folder.joinpath(*package.split(".")).is_dir():
                        yield package


def _settings_read(source: Source) -> Iterator[str]:
    if source.imported.get("settings") != "django.conf.settings" or not source.uses_channels:
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "settings" and node.attr.isupper():
            yield node.attr
