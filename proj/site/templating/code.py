"""The code of a function: its lines, its local variables, and the expressions of values and conditions.

Attributes of Django's expressions are undocumented. Tested with 5.2.19; tests/site/test_templating.py compares all
pages with Django's own rendering.
"""

from collections.abc import Iterable
from typing import Any

from django.template import defaulttags
from django.template.base import FilterExpression
from django.utils.safestring import SafeString

Names = dict[str, str]  # names in the template: local variables of the function


class NotCompilable(Exception):
    """Raised for a template that only Django's own nodes can render."""


class Code:
    """The lines of one function, and the objects that they name."""

    def __init__(self) -> None:
        self.constants: dict[str, Any] = {}
        self._lines: list[str] = []
        self._depth = 1
        self._parts: list[str | tuple[str]] = []  # expressions, and texts as tuples, that are not written yet
        self._scopes: list[Names] = [{}]
        self._globals: Names = {}
        self._count = 0

    def text(self) -> Iterable[str]:
        """Yield the lines of the function."""
        yield "def render(context):"
        yield "    values, app, out = context.flatten().get, current_app(context), []"
        yield "    add = out.extend"
        for name, local in self._globals.items():
            yield f"    {local} = values({name!r}, MISSING)"
        yield from self._lines
        yield '    return "".join(out)'

    def _line(self, text: str) -> None:
        self._flush()
        self._lines.append("    " * self._depth + text)

    def _add(self, expression: str) -> None:
        self._parts.append(expression)

    def _add_text(self, text: str) -> None:
        if self._parts and isinstance(self._parts[-1], tuple):
            text = self._parts.pop()[0] + text
        self._parts.append((text,))

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        written = [repr(str(part[0])) if isinstance(part, tuple) else part for part in parts]
        if written:
            self._lines.append("    " * self._depth + f"add(({', '.join(written)},))")

    def _fresh(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def _constant(self, value: Any) -> str:
        if type(value) in (str, int, float, bool, type(None)):
            return repr(value)
        name = self._fresh("c")
        self.constants[name] = value
        return name

    def _root(self, name: str) -> str:
        """Return the local variable of a name."""
        for scope in reversed(self._scopes):
            if name in scope:
                if not scope[name]:
                    raise NotCompilable(f"the name {name}")
                return scope[name]
        if name not in self._globals:
            self._globals[name] = self._fresh("g")
        return self._globals[name]

    def _set(self, name: str, expression: str) -> None:
        local = self._root(name)
        self._line(f"{local} = {expression}")
        if len(self._scopes) == 1:  # for tags that take the context
            self._line(f"context[{name!r}] = {local}")

    def _constant_text(self, expression: FilterExpression) -> str:
        if expression.filters or expression.is_var or not isinstance(expression.var, str):
            raise NotCompilable(f"{expression} is no text")
        return str(expression.var)

    def _expression(self, expression: FilterExpression, missing: str = '""') -> str:
        """Return the Python expression of a value with its filters."""
        variable: Any = expression.var
        if not expression.is_var:
            code = self._constant(variable)
        elif variable.lookups is None:
            code = self._constant(variable.resolve(None))
        elif variable.translate:
            raise NotCompilable(f"a translated variable: {expression}")
        else:
            look = "look" if len(variable.lookups) > 1 else "name"
            code = f"{look}({self._root(variable.lookups[0])}, {self._constant(variable)}, {missing})"
        for made, arguments in expression.filters:
            given = [code, *(self._argument(*argument) for argument in arguments)]
            flags = ("expects_localtime", "needs_autoescape", "is_safe")
            if any(getattr(made, flag, False) for flag in flags):
                code = f"filtered({self._constant(made)}, {', '.join(given)})"
            else:
                code = f"{self._constant(made)}({', '.join(given)})"
        return code

    def _argument(self, is_variable: bool, value: Any) -> str:
        if not is_variable:
            return self._constant(SafeString(value))  # as Django does: the text stands in the template
        if value.lookups is None:
            return self._constant(value.resolve(None))
        return f"needed({self._root(value.lookups[0])}, {self._constant(value)})"

    def _condition(self, condition: Any) -> str:
        """Write the lines that decide a condition; return the expression of the result."""
        if isinstance(condition, defaulttags.TemplateLiteral):
            value: Any = condition.value
            if any(is_variable for _, arguments in value.filters for is_variable, _ in arguments):
                raise NotCompilable(f"a condition with a variable as argument: {value}")
            return self._expression(value, "None")
        result = self._fresh("t")
        self._line("try:")
        self._depth += 1
        first = self._condition(condition.first)
        if condition.id == "not":
            self._line(f"{result} = not {first}")
        elif condition.id in ("and", "or"):
            self._line(f"{result} = {first}")
            self._line(f"if {result}:" if condition.id == "and" else f"if not {result}:")
            self._depth += 1
            self._line(f"{result} = {self._condition(condition.second)}")
            self._depth -= 1
        else:
            self._line(f"{result} = {first}")
            self._line(f"{result} = {result} {condition.id} {self._condition(condition.second)}")
        self._depth -= 1
        self._line("except Exception:")
        self._line(f"    {result} = False")
        return result

    def _plain(self, name: str) -> str:
        return self._root(name) if name.isidentifier() else "MISSING"

    def _bound(self, values: dict[str, FilterExpression]) -> Names:
        """Write the values of {% with %} and the like into variables."""
        names = {}
        for name, value in values.items():
            names[name] = self._fresh("v")
            self._line(f"{names[name]} = {self._expression(value)}")
        return names
