"""The parts of apps that meet another Django project here: its user model, and its tables."""

import ast
from collections.abc import Iterator

from channels_legacy.bring_over.report import Finding
from channels_legacy.bring_over.source import Source

USER = "django.contrib.auth.models.User"


def survey_project(source: Source) -> Iterator[Finding]:
    """Yield each use of Django's own user model, and the models of an app without migrations."""
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if USER in [f"{node.module}.{alias.name}" for alias in node.names]:
                yield source.finding(node, "user model", USER)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower() == "auth.user":
            yield source.finding(node, "user model", repr(node.value))
    if source.file.name == "models.py" and not source.is_test:
        yield from _tables(source)


def _tables(source: Source) -> Iterator[Finding]:
    migrations = source.file.parent / "migrations"
    if any(file.name != "__init__.py" for file in migrations.glob("*.py")):
        return
    for node in source.tree.body if source.tree else ():
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("models.Model") for base in node.bases):
            yield source.finding(node, "no migrations", source.file.parent.name)
            return
