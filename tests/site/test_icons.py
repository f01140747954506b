"""The icons: one sprite, and the templates that name its symbols."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.test import Client

from proj.accounts.models import User
from proj.site.templatetags.icons import SPRITE_FILE

STATIC = Path(settings.BASE_DIR) / "proj" / "static"
TEMPLATES = Path(settings.BASE_DIR) / "proj" / "templates"


def test_the_sprite_has_the_icons_of_the_templates_and_no_others() -> None:
    used = {name for file in TEMPLATES.rglob("*.html") for name in re.findall(r'{% icon "([^"]+)"', file.read_text())}
    symbols = re.findall(r'<symbol id="([^"]+)"', (STATIC / SPRITE_FILE).read_text())
    assert sorted(used) == symbols


def test_an_icon_is_read_out_only_with_a_label() -> None:
    def rendered(tag: str) -> str:
        return Template("{% load icons %}" + tag).render(Context({"name": 'a "room"'}))

    assert rendered('{% icon "hash" %}') == (
        '<svg class="i" aria-hidden="true"><use href="/static/icons.svg#hash"/></svg>'
    )
    assert 'role="img" aria-label="a &quot;room&quot;"' in rendered('{% icon "lock" name %}')


@pytest.mark.django_db
def test_a_page_preloads_the_part_of_the_font_that_its_language_needs(client: Client, alice: User) -> None:
    client.force_login(alice)
    for language, parts in (("en", ["latin"]), ("zh-hans", ["latin"]), ("ru", ["latin", "cyrillic"])):
        page = client.get("/chat/", headers={"Accept-Language": language}).content.decode()
        preloads = re.findall(r'<link rel="preload" href="/static/fonts/inter-([a-z-]+).woff2"', page)
        assert preloads == parts, language
        assert all((STATIC / "fonts" / f"inter-{part}.woff2").exists() for part in parts)
