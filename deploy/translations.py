"""`.venv/bin/python -m deploy.translations`: brings proj/locale/ in line with the strings of the code.

It finds the strings that templates and Python hand to Django's translation, adds the new ones to each language, drops
the unused ones, compiles the .mo files that Django reads, and lists the strings without a translation (exit status 1).
It needs the packages of requirements-dev.txt; the .mo files are committed, so a host needs no compiler.
"""

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PROJ = ROOT / "proj"
LANGUAGES = {"zh_Hans": "zh_Hans", "ru": "ru"}  # our folders, and Babel's names for them
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
}


def strings() -> Catalog:
    """Return all strings of the code that people see, with the files that they stand in."""
    found = Catalog(charset="utf-8")
    for path in sorted([*PROJ.rglob("*.py"), *PROJ.rglob("*.html")]):
        name = str(path.relative_to(ROOT))
        for _line, string, _comments, context in extract("python", io.BytesIO(_as_python(path)), KEYWORDS):
            found.add(string, locations=[(name, 0)], context=context)
    return found


def _as_python(path: Path) -> bytes:
    """Return the file; a template becomes Python with the same strings."""
    text = path.read_text()
    if path.suffix == ".html":
        from django.utils.translation.template import templatize

        text = "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).splitlines())
    return text.encode()


def po(language: str) -> Path:
    """Return the path of the file that translators edit."""
    return PROJ / "locale" / language / "LC_MESSAGES" / "django.po"


def catalog(language: str) -> Catalog:
    """Return the translations into this language."""
    if not po(language).exists():
        return Catalog(locale=LANGUAGES[language], project="Signalbox", copyright_holder="Signalbox")
    with po(language).open("rb") as file:
        return read_po(file, locale=LANGUAGES[language])


def missing(translated: Catalog) -> Iterator[str]:
    """Yield the strings without a translation, or with a guessed one."""
    for message in translated:
        if message.id and (message.fuzzy or not all(_texts(message))):
            yield str(message.id)


def _texts(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or [""])


def compiled(translated: Catalog) -> bytes:
    """Return the .mo file. The same strings give the same bytes."""
    translated.creation_date = translated.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    file = io.BytesIO()
    write_mo(file, translated)
    return file.getvalue()


def written(translated: Catalog) -> bytes:
    """Return the .po file without the header lines that change on every run."""
    file = io.BytesIO()
    write_po(file, translated, width=120, omit_header=False, sort_output=True, include_lineno=False)
    return b"\n".join(line for line in file.getvalue().split(b"\n") if not line.startswith(VOLATILE))


VOLATILE = (b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Generated-By', b'"Last-Translator', b'"Report-Msgid')


def main() -> int:
    """Return the exit status: 1 when a string is not translated, else 0."""
    code = strings()
    left = 0
    for language in LANGUAGES:
        translated = catalog(language)
        translated.update(code, no_fuzzy_matching=True)
        translated.obsolete.clear()
        translated.header_comment = (
            f"# Signalbox in the language {language}; docs/development.md says how this file is kept."
        )
        translated.fuzzy = False
        po(language).parent.mkdir(parents=True, exist_ok=True)
        po(language).write_bytes(written(translated))
        po(language).with_suffix(".mo").write_bytes(compiled(catalog(language)))
        for string in missing(translated):
            sys.stdout.write(f"{language}: not translated: {string}\n")
            left += 1
    return 1 if left else 0


if __name__ == "__main__":
    import django
    from django.conf import settings

    settings.configure(USE_I18N=True)
    django.setup()
    sys.exit(main())
