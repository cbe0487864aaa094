"""Lists by cursor: `{next, previous, results}`."""

import re
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from lessons.errors import FieldError, InvalidInput

# Raised by Django and the drivers if a position is not a value of the column that orders the list.
NO_POSITION = (ValidationError, ValueError, OverflowError, TypeError, DataError)


PAGE_SIZE = re.compile("[1-9][0-9]{0,8}")


class Cursor(CursorPagination):
    """100 results to a page unless `page_size` says otherwise, at most 500. An invalid cursor is 404."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 500

    def __init__(self, ordering: Sequence[str]) -> None:
        self.ordering = tuple(ordering)

    def get_page_size(self, request: Request) -> int:
        """Returns the page size, at most 500. Raises InvalidInput for anything but a number."""
        said = request.query_params.get(self.page_size_query_param or "")
        if said is None:
            return self.page_size
        if not PAGE_SIZE.fullmatch(said):
            raise InvalidInput([FieldError("/page_size", "invalid", "Enter a whole number of at least 1.")])
        return min(int(said), self.max_page_size)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except NO_POSITION as error:
            if self.cursor_query_param not in request.query_params:
                raise
            raise NotFound(self.invalid_cursor_message) from error
