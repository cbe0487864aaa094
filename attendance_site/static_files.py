from django.contrib.staticfiles.apps import StaticFilesConfig
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(StaticFilesConfig):
    """Without what no page of ours asks for: the second reader of the API's description, and DRF's own pages."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "rest_framework"]  # noqa: RUF012


class Storage(CompressedManifestStaticFilesStorage):
    """Modules import one another by the names that their content gives them, too: an old page keeps its old ones."""

    support_js_module_import_aggregation = True
