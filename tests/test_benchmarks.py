"""The benchmarks fit the code that they measure: names that their scripts import exist."""

import ast
from importlib import import_module

import pytest

from benchmarks import shell

SCRIPTS = {name: text for name, text in vars(shell).items() if name.isupper() and isinstance(text, str)}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_imports_names_that_exist(name: str) -> None:
    text = SCRIPTS[name]
    if "{{" in text or "{id}" in text:
        text = text.format(count=1, pause=0, id="")
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    assert imports
    for node in imports:
        module = import_module(node.module or "")
        for alias in node.names:
            if not hasattr(module, alias.name):
                import_module(f"{node.module}.{alias.name}")
