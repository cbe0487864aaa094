"""The parts of a register's page that are filled templates (`web/template_cache.py`): its pupils, and the form around
them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.template.loader import render_to_string
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from absences.taking.register_form import PupilRow
from absences.web.template_cache import KEPT, FilledTemplate, fill
from lessons.models import Student

PUPIL = "absences/_pupil.html"
BLANKS = ("id", "name", "legal_name", "seen", "minutes", "was_minutes", "was_note", "error", "conflict")


def pupils(rows: Iterable[PupilRow]) -> SafeString:
    """Returns a row of buttons for each pupil."""
    language = get_language()
    return SafeString("".join(_pupil(language, *_kind(row)).fill(_values(row)) for row in rows))


def nobody() -> SafeString:
    """Returns an empty row, which a script fills."""
    row = PupilRow(Student(pk=0))
    return _pupil(get_language(), *_kind(row), is_shell=True).fill(_values(row) | {"was_minutes": "", "was_note": ""})


class RowKind(NamedTuple):
    """The properties that two rows must share to use the same filled template."""

    code: str
    late_code: str
    other_code: str
    was: str
    has_note: bool
    plan: str
    has_legal_name: bool
    has_error: bool
    has_conflict: bool


def _kind(row: PupilRow) -> RowKind:
    student = row.student
    has_legal_name = bool(student.preferred_name) and student.preferred_name != student.legal_name
    said = (row.code, row.late_code, row.other_code, row.was, bool(row.was_note))
    return RowKind(*said, row.plan, has_legal_name, bool(row.error), row.mine is not None)


@lru_cache(maxsize=KEPT)
def _pupil(_language: str, *kind: Any, is_shell: bool = False) -> FilledTemplate:
    return FilledTemplate(PUPIL, RowKind(*kind)._asdict() | {"shell": is_shell}, BLANKS)


def _values(row: PupilRow) -> dict[str, Any]:
    """Returns the values of BLANKS that the row has."""
    student = row.student
    values = {
        "id": student.pk,
        "name": student.name,
        "seen": row.seen,
        "minutes": "" if row.minutes is None else row.minutes,
    }
    if row.was:
        values["was_minutes"] = "" if row.was_minutes is None else row.was_minutes
    if row.was_note:
        values["was_note"] = row.was_note
    if student.preferred_name:
        values["legal_name"] = student.legal_name
    if row.error:
        values["error"] = row.error
    if row.mine:
        values["conflict"] = render_to_string("absences/_conflict.html", {"row": row})
    return values


def taking(
    rows: Sequence[PupilRow], *, facts: Mapping[str, Any], words: SafeString, csrf_token: object, **values: Any
) -> SafeString:
    """Returns the form with its `rows`, and the form for telling the office of somebody else. `values` are `page` (an
    id of this copy of the page) and the addresses `finish` and `someone_else`; without them it is a shell, which a
    script fills."""
    suggested = sum(row.is_suggested for row in rows)
    marked = sum(bool(row.code) for row in rows)
    shell = not values
    kind = {"is_empty": not rows, "has_suggested": bool(suggested), "shell": shell}
    return fill(
        "absences/_taking.html",
        kind,
        {
            "csrf_token": csrf_token,
            "page": "",
            "finish": "",
            "someone_else": "",
            "roster_seen": ",".join(str(row.student.pk) for row in rows),
            "pupils": pupils(rows),
            "total": len(rows),
            "marked": marked,
            "unmarked": len(rows) - marked - suggested,
            "suggested": suggested,
            "facts": json_script(facts, "taking"),
            "words": words,
            **values,
        },
    )
