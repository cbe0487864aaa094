"""Lists by cursor: `{next, previous, results}`."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

# How Django and the drivers say that a position is no value of the column that the list is ordered by.
NO_POSITION = (ValidationError, ValueError, OverflowError, TypeError, DataError)


class Cursor(CursorPagination):
    """100 to a page unless `page_size` says otherwise, at most 500. A cursor that we did not make is 404."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 500

    def __init__(self, ordering: Sequence[str]) -> None:
        self.ordering = tuple(ordering)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except NO_POSITION as error:
            if self.cursor_query_param not in request.query_params:
                raise
            raise NotFound(self.invalid_cursor_message) from error
