"""Lists by cursor: `{next, previous, results}`."""

from collections.abc import Sequence

from rest_framework.pagination import CursorPagination


class Cursor(CursorPagination):
    """100 to a page unless `page_size` says otherwise, at most 500."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 500

    def __init__(self, ordering: Sequence[str]) -> None:
        self.ordering = tuple(ordering)
