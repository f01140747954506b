"""The tag of an icon."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

SPRITE_FILE = "icons.svg"


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Return the icon `name` of the sprite. `label` is read out; without it, the words beside the icon say enough."""
    address = static(SPRITE_FILE)
    if label:
        return format_html('<svg class="i" role="img" aria-label="{}"><use href="{}#{}"/></svg>', label, address, name)
    return format_html('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>', address, name)
