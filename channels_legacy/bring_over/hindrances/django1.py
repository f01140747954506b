"""Names of Django 1.x and of Python 2 that are gone."""

import ast
from collections.abc import Iterator

from channels_legacy.bring_over.names import words
from channels_legacy.bring_over.report import Finding
from channels_legacy.bring_over.source import Source

# Modules and names that Django no longer has, with their successors. A module stands for everything in it.
GONE = {
    "django.conf.urls.patterns": "a list",
    "django.conf.urls.url": "django.urls.re_path",
    "django.contrib.admin.templatetags.admin_static": "django.templatetags.static",
    "django.contrib.auth.views.login": "LoginView",
    "django.contrib.auth.views.logout": "LogoutView",
    "django.contrib.contenttypes.generic": "django.contrib.contenttypes.fields",
    "django.contrib.postgres.fields.JSONField": "django.db.models.JSONField",
    "django.contrib.sessions.serializers.PickleSerializer": "JSONSerializer",
    "django.contrib.staticfiles.templatetags": "django.templatetags.static",
    "django.core.cache.get_cache": "django.core.cache.caches",
    "django.core.context_processors": "django.template.context_processors",
    "django.core.urlresolvers": "django.urls",
    "django.db.models.NullBooleanField": "BooleanField(null=True)",
    "django.db.models.get_model": "django.apps.apps.get_model",
    "django.db.transaction.commit_on_success": "atomic",
    "django.forms.util": "django.forms.utils",
    "django.shortcuts.render_to_response": "render",
    "django.utils.baseconv": "a library",
    "django.utils.datetime_safe": "datetime",
    "django.utils.decorators.available_attrs": "functools.wraps alone",
    "django.utils.encoding.force_text": "force_str",
    "django.utils.encoding.force_unicode": "force_str",
    "django.utils.encoding.python_2_unicode_compatible": "nothing",
    "django.utils.encoding.smart_text": "smart_str",
    "django.utils.encoding.smart_unicode": "smart_str",
    "django.utils.http.is_safe_url": "url_has_allowed_host_and_scheme",
    "django.utils.http.urlquote": "urllib.parse.quote",
    "django.utils.http.urlunquote": "urllib.parse.unquote",
    "django.utils.importlib": "importlib",
    "django.utils.lru_cache": "functools",
    "django.utils.simplejson": "json",
    "django.utils.six": "the package six",
    "django.utils.timezone.utc": "datetime.timezone.utc",
    "django.utils.translation.ugettext": "gettext",
    "django.utils.translation.ugettext_lazy": "gettext_lazy",
    "django.utils.translation.ugettext_noop": "gettext_noop",
    "django.utils.translation.ungettext": "ngettext",
    "django.utils.translation.ungettext_lazy": "ngettext_lazy",
}
OLD_MODULES = words(
    "urllib2 urlparse ConfigParser StringIO cStringIO cPickle Queue HTMLParser httplib cookielib Cookie "
    "commands exceptions __builtin__ SocketServer thread imp distutils"
)
OLD_NAMES = words("unicode xrange raw_input basestring long unichr reduce file cmp")
OLD_METHODS = frozenset(("has_key", "iteritems", "itervalues", "iterkeys"))
COLLECTIONS = words("Mapping MutableMapping Iterable Callable Sequence Hashable Iterator")
RELATIONS = ("ForeignKey", "OneToOneField")


def survey_django(source: Source) -> Iterator[Finding]:
    for node in source.nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _imports(source, node)
        elif isinstance(node, ast.Call):
            yield from _call(source, node)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id in ("MIDDLEWARE_CLASSES", "default_app_config"):
                    yield source.finding(node, "django", target.id)
        elif isinstance(node, ast.Attribute) and f"{_base(source, node)}.{node.attr}" in GONE:
            name = f"{_base(source, node)}.{node.attr}"
            yield source.finding(node, "django", f"{name} is now {GONE[name]}")
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in _old(source):
            yield source.finding(node, "python2", f"{node.id}()")


def _old(source: Source) -> frozenset[str]:
    """Return the names of Python 2 that mean its built-in functions in a file."""
    return OLD_NAMES - source.bound


def _base(source: Source, node: ast.Attribute) -> str:
    """Return the dotted name of the object before the last dot, as far as the imports tell it."""
    return source.imported.get(node.value.id, "") if isinstance(node.value, ast.Name) else ""


def _imports(source: Source, node: ast.Import | ast.ImportFrom) -> Iterator[Finding]:
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return
        module = node.module or ""
        imported = [f"{module}.{alias.name}" for alias in node.names]
        if module == "collections":
            yield from (
                source.finding(node, "python2", f"collections.{alias.name} is now collections.abc.{alias.name}")
                for alias in node.names
                if alias.name in COLLECTIONS
            )
    else:
        imported = [alias.name for alias in node.names]
    if {name.split(".")[0] for name in imported} & OLD_MODULES:
        yield source.finding(node, "python2", f"the module {imported[0].split('.')[0]}")
    sibling = source.file.parent / f"{imported[0].split('.')[0]}.py"
    if (source.file.parent / "__init__.py").exists() and sibling.exists() and sibling != source.file:
        yield source.finding(node, "relative import", ast.unparse(node))
    for name in imported:
        for gone, successor in GONE.items():
            if f"{name}.".startswith(f"{gone}."):
                yield source.finding(node, "django", f"{gone} is now {successor}")


def _call(source: Source, node: ast.Call) -> Iterator[Finding]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in RELATIONS and len(node.args) < 2 and not any(one.arg in ("on_delete", None) for one in node.keywords):
        yield source.finding(node, "django", f"{name} without on_delete")
    elif isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
        if name in ("is_authenticated", "is_anonymous"):
            yield source.finding(node, "django", f"{name} is an attribute: delete the brackets")
        elif name == "is_ajax":
            yield source.finding(node, "django", "request.is_ajax() is gone: read the header X-Requested-With")
    if name == "decode" and isinstance(node.func, ast.Attribute) and _is_text(node.func.value):
        text = ast.unparse(node.func.value)
        yield source.finding(node, "python2", f"{text} is text: delete .decode()")
    if isinstance(node.func, ast.Attribute) and name in OLD_METHODS:
        yield source.finding(node, "python2", f".{name}()")


def _is_text(node: ast.expr) -> bool:
    """Return whether an expression is `message["path"]` or `message.content["text"]`, which Python 2 had as bytes."""
    if not (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)):
        return False
    owner = node.value.value if isinstance(node.value, ast.Attribute) else node.value
    return node.slice.value in ("path", "text") and ast.unparse(owner) in ("message", "self.message")
