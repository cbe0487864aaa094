"""`/api/docs`: the API, to read and to try."""

from csp.decorators import csp_update
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularSwaggerSplitView

# The page's one inline style, by its hash, and the pictures within its style sheet; nothing else is allowed beyond our
# own pages' policy, and on this page alone.
STYLE = "'sha256-MMpT0iDxyjALd9PdfepImGX3DBfJPXZ4IlDWdPAgtn0='"
page = csp_update({"style-src": [STYLE], "img-src": ["data:"]})(
    require_safe(SpectacularSwaggerSplitView.as_view(url_name="schema"))
)
