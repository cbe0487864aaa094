from typing import Any

import rcssmin
import rjsmin
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = ("absences/", "stats/")
SMALLER = {".js": rjsmin.jsmin, ".css": rcssmin.cssmin}


class StaticFiles(StaticFilesConfig):
    """Without what no page of ours asks for: the second reader of the API's description, and DRF's own pages."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "rest_framework"]  # noqa: RUF012


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
