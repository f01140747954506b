"""Functions that compiled templates call. Each does exactly as the node of Django that it stands for."""

import html
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.template.base import render_value_in_context
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.templatetags.static import static
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils.html import strip_spaces_between_tags
from django.utils.safestring import SafeData, SafeString, mark_safe
from django.utils.timezone import template_localtime  # type: ignore[attr-defined]  # the stubs lack it
from django.utils.translation import ngettext

from proj.site.templating.variables_internals import MISSING

_PLAIN_CONTEXT = Context()
_TOKEN_NODE = CsrfTokenNode()


class Unsuitable(Exception):
    """Raised while a function renders what only Django's own nodes can render."""


def shown(value: Any) -> str:
    """Return `value` as `{{ value }}` writes it, escaped."""
    kind = type(value)
    if kind is str:
        return html.escape(value)
    if kind is SafeString:
        return str(value)
    if kind is int and not settings.USE_THOUSAND_SEPARATOR:
        return str(value)
    return render_value_in_context(value, _PLAIN_CONTEXT)


def filtered(function: Any, value: Any, *arguments: Any) -> Any:
    """Return `value` through the filter `function`."""
    if getattr(function, "expects_localtime", False):
        value = template_localtime(value, None)
    if getattr(function, "needs_autoescape", False):
        made = function(value, *arguments, autoescape=True)
    else:
        made = function(value, *arguments)
    safe = getattr(function, "is_safe", False) and isinstance(value, SafeData)
    return mark_safe(made) if safe else made  # noqa: S308 - as Django does


def items(values: Any) -> Any:
    """Return the items of a loop: something with a length."""
    if values is None:
        return ()
    return values if hasattr(values, "__len__") else list(values)


def unpacked(item: Any, count: int) -> Any:
    """Return an item of a loop with `count` names. Raise ValueError when it has another length."""
    try:
        length = len(item)
    except TypeError:
        length = 1
    if length != count:
        raise ValueError(f"Need {count} values to unpack in for loop; got {length}. ")
    return item


def loop(index: int, length: int) -> dict[str, object]:
    """Return `forloop` of one iteration, without the loop around it."""
    return {
        "counter0": index,
        "counter": index + 1,
        "revcounter": length - index,
        "revcounter0": length - index - 1,
        "first": index == 0,
        "last": index == length - 1,
    }


def worded(text: str, values: dict[str, Any]) -> str:
    """Return a translated text with its values. Raise Unsuitable when the translation has other names."""
    try:
        return text % {key: shown("" if value is MISSING else value) for key, value in values.items()}
    except (KeyError, ValueError):
        raise Unsuitable from None


def counted(one: str, many: str, count: Any) -> str:
    """Return the translated text for this number. Raise Unsuitable for anything but a number."""
    if not isinstance(count, Decimal | float | int):
        raise Unsuitable
    return ngettext(one, many, count)  # type: ignore[arg-type]  # as Django does


def token_field(token: Any) -> str:
    """Return the hidden field of `{% csrf_token %}`."""
    return str(_TOKEN_NODE.render(Context({} if token is MISSING else {"csrf_token": token})))


def stripped(parts: list[str]) -> str:
    """Return the text of `{% spaceless %}`."""
    return strip_spaces_between_tags("".join(parts).strip())


def current_app(context: Context) -> str | None:
    """Return the application that `{% url %}` prefers."""
    request = getattr(context, "request", None)
    try:
        return str(request.current_app)  # type: ignore[union-attr]
    except AttributeError:
        match = getattr(request, "resolver_match", None)
        return getattr(match, "namespace", None)


_addresses: dict[tuple[object, ...], str] = {}


def address(view: str, app: str | None) -> str:
    """Return the address of a view without arguments; remembered, since it depends on nothing but this key."""
    key = (view, app, get_script_prefix(), get_urlconf(), settings.ROOT_URLCONF)
    found = _addresses.get(key)
    if found is None:
        found = _addresses[key] = reverse(view, current_app=app)
    return found


def address_of(view: str, app: str | None, *arguments: Any, **named: Any) -> str:
    """Return the address of a view with arguments."""
    return reverse(view, args=arguments, kwargs=named, current_app=app)


def perhaps(find: Any, *arguments: Any, **named: Any) -> str:
    """Return the address that `find` finds, or "" when there is none."""
    try:
        return str(find(*arguments, **named))
    except NoReverseMatch:
        return ""


_static_addresses: dict[str, str] = {}
_static_key: list[object] = []


def static_address(path: str) -> str:
    """Return the address of a static file, escaped; remembered for one storage in one mode."""
    key = [storages["staticfiles"], settings.DEBUG, settings.STATIC_URL]
    if key != _static_key:
        _static_key[:] = key
        _static_addresses.clear()
    found = _static_addresses.get(path)
    if found is None:
        found = _static_addresses[path] = html.escape(static(path))
    return found
