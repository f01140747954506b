"""The parts of a consumers' module that do not work as they did: servers, layers, coroutines, HTTP, delays."""

import ast
from collections.abc import Iterator

from channels_legacy.bring_over import names
from channels_legacy.bring_over.report import Finding
from channels_legacy.bring_over.source import Source

SETTINGS = ("CHANNEL_LAYERS", "CHANNEL_SESSION_ENGINE", "ASGI_APPLICATION")
READING = ("receive_many", "receive_twisted", "receive_twisted_many")
LAYER_BASES = ("BaseChannelLayer", "RedisChannelLayer", "ChannelLayer", "InMemoryChannelLayer")
LAYER_CLASSES = ("asgi_redis.", "asgiref.", "asgi_ipc.", "asgi_rabbitmq.", "channels_redis.", "channels.")
STATIC_CONSUMERS = ("StaticFilesConsumer", "ViewConsumer")


def survey_consumers(source: Source) -> Iterator[Finding]:
    for node in source.nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _servers(source, node)
        elif isinstance(node, ast.Assign):
            yield from _settings(source, node)
        elif isinstance(node, ast.ClassDef):
            if any(_last(base) in LAYER_BASES for base in node.bases):
                yield source.finding(node, "layer", node.name)
            yield from _mapping(source, node)
        elif isinstance(node, ast.Call):
            yield from _call(source, node)
        elif isinstance(node, ast.Dict):
            yield from _routing_dict(source, node)
        elif isinstance(node, ast.AsyncFunctionDef) and source.uses_channels and not _is_native(source):
            yield source.finding(node, "async consumer", f"async def {node.name}")


def _mapping(source: Source, node: ast.ClassDef) -> Iterator[Finding]:
    if any(_last(base) == "WebsocketDemultiplexer" for base in node.bases):
        for one in node.body:
            if isinstance(one, ast.Assign) and any(_last(target) == "mapping" for target in one.targets):
                yield source.finding(one, "mapping", f"{node.name}.mapping")


def _last(node: ast.AST) -> str:
    """Return the last part of a dotted name in code; "" for any other expression."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_native(source: Source) -> bool:
    """Return whether a file imports Channels 2 or later, which is one finding for all of its coroutines."""
    for name in source.imported.values():
        first, _, rest = name.partition(".")
        module, _, last = rest.rpartition(".")
        if first == "channels" and (names.is_native(rest) or names.is_native(module) or last in names.NATIVE_NAMES):
            return True
    return False


def _servers(source: Source, node: ast.Import | ast.ImportFrom) -> Iterator[Finding]:
    modules = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    if isinstance(node, ast.ImportFrom) and node.level:
        return
    for module in modules:
        if module in names.NATIVE_ASGIREF or module.startswith("channels_redis"):
            yield source.finding(node, "channels 2", module)
        elif module.split(".")[0] in names.OTHER_SERVERS:
            yield source.finding(node, "other server", module)
        elif module in ("channels.asgi", f"{names.LEGACY}.asgi") and source.file.name == "asgi.py":
            yield source.finding(node, "asgi file")


def _settings(source: Source, node: ast.Assign) -> Iterator[Finding]:
    for target in node.targets:
        name = _last(target)
        if name in SETTINGS and isinstance(target, ast.Name):
            yield source.finding(node, "settings", name)
        if name == "CHANNEL_LAYERS" and isinstance(node.value, ast.Dict):
            if len(node.value.keys) > 1:
                yield source.finding(node, "multiple layers")
            for one in ast.walk(node.value):
                if isinstance(one, ast.Dict):
                    yield from _backend(source, one)
        if name in ("strict_ordering", "slight_ordering") and source.uses_channels:
            yield source.finding(node, "ordering", name)


def _backend(source: Source, node: ast.Dict) -> Iterator[Finding]:
    for key, value in zip(node.keys, node.values, strict=True):
        if not (isinstance(key, ast.Constant) and key.value == "BACKEND" and isinstance(value, ast.Constant)):
            continue
        if not str(value.value).startswith(LAYER_CLASSES):
            yield source.finding(value, "layer", str(value.value))


def _call(source: Source, node: ast.Call) -> Iterator[Finding]:
    called = _last(node.func)
    first = node.args[0] if node.args else None
    text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
    if called == "group_channels":
        yield source.finding(node, "group_channels")
    elif called in READING and source.uses_channels and not source.is_test:
        yield source.finding(node, "reads channels", called)
    elif called == "Channel" and text == "asgi.delay":
        yield source.finding(node, "delay")
    elif called in ("route", "Route") and text.startswith("http."):
        yield _http(source, node, node.args[1] if len(node.args) > 1 else node)
    elif called == "enforce_ordering" and source.uses_channels:
        yield source.finding(node, "ordering")
    elif called in ("Thread", "Timer", "Process") and source.uses_channels:
        yield source.finding(node, "thread", ast.unparse(node.func))
    elif called == "sleep" and source.uses_channels:
        yield source.finding(node, "sleep", ast.unparse(node))


def _http(source: Source, node: ast.AST, consumer: ast.AST) -> Finding:
    named = consumer.func if isinstance(consumer, ast.Call) else consumer
    name = named.value if isinstance(named, ast.Constant) else _last(named)
    static = str(name).rpartition(".")[2] in STATIC_CONSUMERS
    return source.finding(node, "static consumer" if static else "http consumer", str(name))


def _routing_dict(source: Source, node: ast.Dict) -> Iterator[Finding]:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.startswith("http.request"):
            yield _http(source, key, value)
