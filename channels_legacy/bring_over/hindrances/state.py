"""State in a worker's memory: containers of a module or of a class that functions write to."""

import ast
from collections.abc import Iterable, Iterator

from channels_legacy.bring_over.names import words
from channels_legacy.bring_over.report import Finding
from channels_legacy.bring_over.source import Source

CONTAINERS = words(
    "dict list set defaultdict OrderedDict deque Counter Queue PriorityQueue LifoQueue WeakValueDictionary "
    "WeakKeyDictionary WeakSet SimpleQueue"
)
WRITING = words(
    "append appendleft add update pop popleft popitem setdefault remove discard clear extend insert put "
    "put_nowait subtract"
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def survey_state(source: Source) -> Iterator[Finding]:
    """Yield a finding for each name of a consumers' module that a function writes to, at its first writing line."""
    if source.is_test or not (source.uses_channels or "consumer" in source.file.stem):
        return
    shared = _containers(source.tree.body if source.tree else [])
    first: dict[str, int] = {}
    for function in [node for node in source.nodes if isinstance(node, Function)]:
        local = _local(function)
        for name, line in _writes(function, shared, local):
            first[name] = min(first.get(name, line), line)
    for node in [node for node in source.nodes if isinstance(node, ast.ClassDef)]:
        for name, line in _class_writes(node):
            first[name] = min(first.get(name, line), line)
    for name, line in sorted(first.items(), key=lambda one: one[1]):
        yield Finding(source.path, line, "state", name)


def _containers(body: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements side by side bind to a container which can change."""
    found = set()
    for node in body:
        if isinstance(node, ast.Assign) and _is_container(node.value):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and node.value and _is_container(node.value):
            found |= {node.target.id} if isinstance(node.target, ast.Name) else set()
    return found


def _is_container(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name in CONTAINERS
    return isinstance(node, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp)


def _local(function: Function) -> set[str]:
    """Return the names that a function binds itself, so that they hide those of the module."""
    bound = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    shared: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.Global):
            shared |= set(node.names)
    return bound - shared


def _writes(function: Function, shared: set[str], local: set[str]) -> Iterator[tuple[str, int]]:
    declared = {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and node.id in declared:
            yield node.id, node.lineno
        elif isinstance(written := _written(node), ast.Name) and written.id in shared - local:
            yield written.id, written.lineno


def _written(node: ast.AST) -> ast.expr | None:
    """Return the container that an expression writes to: of `x[1] = 2`, `del x[1]` and `x.add(1)` it is `x`."""
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        inner = node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITING:
        inner = node.func.value
    else:
        return None
    while isinstance(inner, ast.Subscript):
        inner = inner.value
    return inner


def _class_writes(node: ast.ClassDef) -> Iterator[tuple[str, int]]:
    """Yield the containers of a class that its methods write to, and the class attributes that they assign."""
    shared = _containers(node.body)
    owners = ("self", "cls", node.name)
    for one in ast.walk(node):
        written = _written(one)
        if isinstance(written, ast.Attribute) and isinstance(written.value, ast.Name):
            if written.value.id in owners and written.attr in shared:
                yield f"{node.name}.{written.attr}", written.lineno
        elif isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store):
            owner = ast.unparse(one.value)
            if owner in ("cls", node.name):
                yield f"{node.name}.{one.attr}", one.lineno
