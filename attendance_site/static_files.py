from collections.abc import Iterable, Iterator
from typing import Any

import rcssmin
import rjsmin
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = ("absences/", "stats/")
SMALLER = {".js": rjsmin.jsmin, ".css": rcssmin.cssmin}


FULL = ("jquery.js", "select2.full.js", "xregexp.js")  # which the admin asks for with DEBUG only


class StaticFiles(StaticFilesConfig):
    """Without what no page of ours asks for: the second reader of the API's description, and DRF's own pages."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "rest_framework", *FULL]  # noqa: RUF012


class Storage(CompressedManifestStaticFilesStorage):
    """Without the comments and the spaces of what is ours: a register is read over the worst of networks.

    Modules import one another by the names that their content gives them, too: an old page keeps its old ones.
    """

    support_js_module_import_aggregation = True

    def _save(self, name: str, content: Any) -> str:
        for ending, smaller in SMALLER.items():
            if name.startswith(OURS) and name.endswith(ending):
                content.seek(0)
                content = ContentFile(smaller(content.read().decode()).encode())
        return super()._save(name, content)  # type: ignore[no-any-return]

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Only what pages name. Maps for debuggers and names without a hash, which nobody asks for, took four fifths
        of the minute that the first `make run` compressed for."""
        named = {path for path in self.hashed_files.values() if not path.endswith(".map")}
        return super().compress_files(named.intersection(paths))  # type: ignore[no-any-return]
