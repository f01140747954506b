"""Values of template variables, found as Django finds them, and faster in the usual cases.

Variable.lookups and Variable._resolve_lookup() are undocumented in Django. Tested with 5.2.19;
tests/site/test_templating.py compares all pages with Django's own rendering.
"""

from types import SimpleNamespace
from typing import Any

from django.template.base import Variable, VariableDoesNotExist

MISSING = object()  # the value of a name that the context does not have


class _Root(dict[str, object]):
    """A context of one name, for Variable."""

    template = SimpleNamespace(engine=SimpleNamespace(string_if_invalid=""))


class _Plain(dict[type, bool]):
    """Whether a type has attributes only, and no items; remembered."""

    def __missing__(self, kind: type) -> bool:
        self[kind] = plain = not hasattr(kind, "__getitem__")
        return plain


_plain = _Plain()


def look(root: Any, variable: Variable, missing: Any) -> Any:
    """Return the value of `variable` whose first name has the value `root`; `missing` when there is none."""
    if root is MISSING:
        return missing
    value = root
    for bit in (variable.lookups or ())[1:]:
        kind = type(value)
        if kind is dict:
            if bit in value:
                value = value[bit]
            elif hasattr(dict, bit) or bit[0].isdigit():
                return _look_by_django(root, variable, missing)
            else:
                return missing
        else:
            if not _plain[kind]:
                return _look_by_django(root, variable, missing)
            try:
                value = getattr(value, bit)
            except (AttributeError, TypeError):
                return _look_by_django(root, variable, missing)
            except Exception as error:
                if getattr(error, "silent_variable_failure", False):
                    return ""
                raise
        if callable(value):
            return _look_by_django(root, variable, missing)
    return value


def name(root: Any, variable: Variable, missing: Any) -> Any:
    """Return the value of a `variable` that is one name."""
    if root is MISSING:
        return missing
    return _look_by_django(root, variable, missing) if callable(root) else root


def _look_by_django(root: Any, variable: Variable, missing: Any) -> Any:
    try:
        return variable._resolve_lookup(_Root({(variable.lookups or ("",))[0]: root}))  # type: ignore[attr-defined]
    except VariableDoesNotExist:
        return missing


def needed(root: Any, variable: Variable) -> Any:
    """Return the value of `variable` as the argument of a filter; raise VariableDoesNotExist when there is none."""
    value = look(root, variable, MISSING) if len(variable.lookups or ()) > 1 else name(root, variable, MISSING)
    if value is MISSING:
        raise VariableDoesNotExist("Failed lookup for key [%s]", (variable.var,))
    return value
