"""Every string is translated into every language, with the same placeholders, and the compiled files are current."""

import re
from collections.abc import Iterator

import pytest
from django.conf import settings

from deploy import translations

PLACES = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}|</?\w+|class=\"\w+\"|href=\"[^\"]*\"")
HINT = "run: .venv/bin/python -m deploy.translations"
REFUSING = ("proj/rooms/log/batch.py", "consumers/sockets/incoming.py")
languages = pytest.mark.parametrize("language", translations.LANGUAGES)


def pairs(language: str) -> Iterator[tuple[str, str]]:
    """Each string, and each form of its translation."""
    for message in translations.catalog(language):
        if message.id:
            forms = message.string if isinstance(message.string, list | tuple) else [message.string]
            for form in forms:
                yield (message.id if isinstance(message.id, str) else message.id[-1]), str(form)


@languages
def test_nothing_is_untranslated(language: str) -> None:
    translated = translations.catalog(language)
    translated.update(translations.strings(), no_fuzzy_matching=True)
    assert list(translations.missing(translated)) == [], HINT
    assert not translated.obsolete, HINT


def test_no_translation_stands_in_the_script_of_another_language() -> None:
    chinese, cyrillic = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[а-яё]", re.IGNORECASE)
    assert [form for string, form in pairs("ru") if chinese.search(form) and not chinese.search(string)] == []
    assert [form for string, form in pairs("zh_Hans") if cyrillic.search(form) and not cyrillic.search(string)] == []


@languages
def test_what_is_served_is_what_was_written(language: str) -> None:
    translated = translations.catalog(language)
    assert translations.po(language).with_suffix(".mo").read_bytes() == translations.compiled(translated), HINT


@languages
def test_translations_have_the_same_places_to_fill_in(language: str) -> None:
    for string, form in pairs(language):
        assert sorted(PLACES.findall(string)) == sorted(PLACES.findall(form)), f"{string!r}: {form!r}"


def test_whatever_a_room_refuses_its_page_has_words_for() -> None:
    said = "".join((translations.ROOT / file).read_text() for file in REFUSING)
    codes = set(re.findall(r'(?:Refusal|BadFrame)\(\s*"(\w+)"', said)) | {"internal"}
    words = (translations.PROJ / "templates/rooms/words.html").read_text()
    assert len(codes) > 10
    assert codes == set(re.findall(r'data-word="refused\.(\w+)"', words))


def test_every_language_that_is_offered_is_translated() -> None:
    offered = {code for code, _ in settings.LANGUAGES} - {"en"}
    assert offered == {language.replace("_", "-").lower() for language in translations.LANGUAGES}
