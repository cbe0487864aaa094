from collections.abc import Iterable, Iterator
from typing import Any

import rcssmin
import rjsmin
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = ("absences/", "stats/")
SMALLER = {".js": rjsmin.jsmin, ".css": rcssmin.cssmin}


FULL = ("jquery.js", "select2.full.js", "xregexp.js")  # the admin asks for these only with DEBUG


class StaticFiles(StaticFilesConfig):
    """Collects static files, except those that no page asks for: Redoc and DRF's own pages."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "rest_framework", *FULL]  # noqa: RUF012


class Storage(CompressedManifestStaticFilesStorage):
    """Stores files compressed and under hashed names, our own without comments and spaces: registers are opened over
    poor networks.

    Modules import one another by hashed names too, so that an old page keeps its old modules.
    """

    support_js_module_import_aggregation = True

    def _save(self, name: str, content: Any) -> str:
        for ending, smaller in SMALLER.items():
            if name.startswith(OURS) and name.endswith(ending):
                content.seek(0)
                content = ContentFile(smaller(content.read().decode()).encode())
        return super()._save(name, content)  # type: ignore[no-any-return]

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compresses only files that pages name. Source maps and unhashed names, which nobody asks for, took four
        fifths of the minute that the first `make run` spent here."""
        named = {path for path in self.hashed_files.values() if not path.endswith(".map")}
        return super().compress_files(named.intersection(paths))  # type: ignore[no-any-return]
