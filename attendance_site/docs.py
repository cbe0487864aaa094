"""`/api/docs`: the API's reference, with a form to try each operation."""

from csp.decorators import csp_update
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularSwaggerSplitView

# The page needs one inline style, allowed by its hash, and the pictures inside its style sheet. Only this page gets
# them.
STYLE = "'sha256-MMpT0iDxyjALd9PdfepImGX3DBfJPXZ4IlDWdPAgtn0='"
page = csp_update({"style-src": [STYLE], "img-src": ["data:"]})(
    require_safe(SpectacularSwaggerSplitView.as_view(url_name="schema"))
)
