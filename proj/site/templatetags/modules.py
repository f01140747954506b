"""The tag of a page's modules."""

from typing import cast

from django import template
from django.contrib.staticfiles.storage import staticfiles_storage
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from proj.site.static_internals import ModuleStorage

register = template.Library()

NAMED = "site.modules"  # in the render context: the addresses of modules that stand in the page already


@register.simple_tag(takes_context=True)
def module(context: RequestContext, name: str) -> SafeString:
    """Return the <script> element of a module, and preloads of the modules that load with it, each once in a page.

    Without preloads a browser finds these modules one import after the other, with a round trip for each.
    """
    named = cast("dict[str, set[str]]", context.render_context).setdefault(NAMED, set())
    address = static(name)
    # a lazy object; isinstance() looks through it
    imported = staticfiles_storage.imported(name) if isinstance(staticfiles_storage, ModuleStorage) else []
    new = [each for each in imported if each not in named]
    named.update(new, [address])
    preloads = format_html_join("", '<link rel="modulepreload" href="{}">', ((each,) for each in new))
    return format_html('<script type="module" src="{}"></script>{}', address, preloads)
