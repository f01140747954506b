"""Pages stay whole while new files replace those of a running web process."""

from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.test import override_settings

from proj.site.templates import load_all


def test_a_process_keeps_the_templates_of_its_start_when_the_files_change(tmp_path: Path) -> None:
    page = tmp_path / "rooms" / "page.html"
    page.parent.mkdir()
    page.write_text("before")
    engine = settings.TEMPLATES[0] | {"DIRS": [tmp_path]}
    with override_settings(TEMPLATES=[engine], DEBUG=False):
        load_all()
        page.write_text("after")
        assert render_to_string("rooms/page.html") == "before"


def test_all_templates_of_the_project_can_be_loaded() -> None:
    load_all()
