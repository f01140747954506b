"""The dotted names of consumers, for logs, and the import of objects by their dotted names."""

import functools
import importlib
import sys

from django.core.exceptions import ImproperlyConfigured


def dotted_name(thing: object) -> str:
    """Return the dotted name of a function, a method or a class; for any other object that of its class."""
    if isinstance(thing, functools.partial):
        return dotted_name(thing.func)
    name = getattr(thing, "__qualname__", None)
    if isinstance(name, str):
        return f"{getattr(thing, '__module__', '?')}.{name}"
    return dotted_name(type(thing))


def import_named(name: str, noun: str) -> object:
    """Return the object with this dotted name. Raise ImproperlyConfigured with the cause when there is none."""
    module, _, attribute = name.rpartition(".")
    if not module or not attribute:
        raise ImproperlyConfigured(f"cannot import the {noun} {name!r}: the name must be like package.module.{noun}")
    try:
        found: object = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ImproperlyConfigured(f"cannot import the {noun} {name!r}: {error}{_hiding(module, error)}") from error
    return found


def _hiding(module: str, error: Exception) -> str:
    """Return a remark about a package that was found in place of the one with the missing module."""
    package = sys.modules.get(module.partition(".")[0])
    if not isinstance(error, ModuleNotFoundError) or error.name != module or package is None:
        return ""
    places = ", ".join(getattr(package, "__path__", ()))
    return f"; the package {package.__name__} was imported from {places}"
