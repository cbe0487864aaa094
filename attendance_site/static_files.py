from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import rcssmin
import rjsmin
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from attendance_site.bundles import bundles, is_part

OURS = ("absences/", "stats/")

FULL = ("jquery.js", "select2.full.js", "xregexp.js")  # the admin asks for these only with DEBUG


class StaticFiles(StaticFilesConfig):
    """Collects static files, except those that no page asks for: Redoc and DRF's own pages."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "rest_framework", "*.d.ts", *FULL]  # noqa: RUF012


class Storage(CompressedManifestStaticFilesStorage):
    """Stores files compressed and under hashed names, our own without comments and spaces: registers are opened over
    poor networks.

    Scripts import one another by hashed names too, so that an old page keeps its old scripts.
    """

    support_js_module_import_aggregation = True

    def post_process(self, paths: Mapping[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Each script of ours with its parts inside; the parts themselves are not there to be asked for."""
        if not dry_run:
            paths = self._bundled(paths)
        yield from super().post_process(paths, dry_run, **options)

    def _bundled(self, paths: Mapping[str, Any]) -> dict[str, Any]:
        ours = [name for name in paths if name.startswith(OURS) and name.endswith(".js")]

        def read(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as file:
                return file.read().decode()  # type: ignore[no-any-return]

        made = InMemoryStorage()
        for name, text in bundles(ours, read).items():
            made.save(name, ContentFile(rjsmin.jsmin(text).encode()))
        parts = {name for name in ours if is_part(name)}
        for part in parts:
            self.delete(part)
        kept = {name: found for name, found in paths.items() if name not in parts}
        return kept | {name: (made, name) for name in ours if name not in parts}

    def _save(self, name: str, content: Any) -> str:
        if name.startswith(OURS) and name.endswith(".css"):
            content.seek(0)
            content = ContentFile(rcssmin.cssmin(content.read().decode()).encode())
        return super()._save(name, content)  # type: ignore[no-any-return]

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compresses only files that pages name. Source maps and unhashed names, which nobody asks for, took four
        fifths of the minute that the first `make run` spent here."""
        named = {path for path in self.hashed_files.values() if not path.endswith(".map")}
        return super().compress_files(named.intersection(paths))  # type: ignore[no-any-return]
