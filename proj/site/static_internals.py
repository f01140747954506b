"""The storage of collected static files: modules have hashed names in all their imports, and pages preload them.

Its parts _save(), `patterns` and support_js_module_import_aggregation are undocumented in Django. Tested with 5.2.19;
tests/site/test_modules.py checks that each part exists.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

HASHED_NAME = re.compile(r"\.[0-9a-f]{12}\.[^/.]+$")  # nginx.conf lets browsers keep these files for ever
# Imports on request, as static/shared/later.js wants them: the query of a retry follows the name.
LATER_IMPORT = (r"""(?P<matched>import\(\s*`(?P<url>\.[^`$]+)\$\{retry\}`\s*\))""", "import(`%(url)s${retry}`)")
# Imports that load with a module.
STATIC_IMPORT = re.compile(r"""^(?:import|export)\s*(?:[^"'();]*\sfrom\s*)?["'](\.[^"']+)["']""", re.MULTILINE)


class ModuleStorage(ManifestStaticFilesStorage):
    """Stores each file also under a name with a hash of its content. The hash of a module covers its imports.

    A stored file with a hash in its name never changes and is never missing for a moment: browsers ask for it while
    files are collected.
    """

    support_js_module_import_aggregation = True
    patterns = (*ManifestStaticFilesStorage.patterns, ("*.js", (LATER_IMPORT,)))
    max_post_process_passes = 30  # one for each link of the longest chain of imports

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._imported: dict[str, list[str]] = {}

    def imported(self, name: str) -> list[str]:
        """Return the addresses of all modules that load with the module `name`, nearest first."""
        if settings.DEBUG:
            return []  # files are served as they are in the tree
        if name not in self._imported:
            entry = self.stored_name(name)
            found = [entry]
            for module in found:  # which grows meanwhile
                found += [path for path in self._imports(module) if path not in found]
            self._imported[name] = [FileSystemStorage.url(self, path) for path in found[1:]]
        return self._imported[name]

    def _imports(self, module: str) -> Iterator[str]:
        """Yield the names of the collected files that a collected module imports, each once."""
        try:
            text = Path(self.path(module)).read_text()
        except OSError:
            return  # the doctor reports a missing file; a page without one of its modules is better than none
        for path in dict.fromkeys(STATIC_IMPORT.findall(text)):
            yield posixpath.normpath(posixpath.join(posixpath.dirname(module), path))

    def delete(self, name: str) -> None:
        if not HASHED_NAME.search(name):
            super().delete(name)

    def _save(self, name: str, content: "File[bytes]") -> str:
        if not HASHED_NAME.search(name):
            saved: str = super()._save(name, content)  # type: ignore[misc]
            return saved
        content.seek(0)
        path = Path(self.path(name))
        if not path.exists() or path.read_bytes() != content.read():  # a collection may have been killed while it wrote
            content.seek(0)
            saved = super()._save(f"{name}.new", content)  # type: ignore[misc]
            Path(self.path(saved)).replace(path)
        return name
