"""Files for spreadsheets."""

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A file to save, in UTF-8 with a byte order mark, which spreadsheets need to read names right.

    `name` is plain ASCII. The answer is held in memory: give it no more rows than that bears.
    """
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    writer = csv.writer(response)
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in rows)
    return response


def cell(value: object) -> object:
    """A spreadsheet runs what begins like a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
