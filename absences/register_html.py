"""The parts of a register's page that are filled in (`blanks.py`): its pupils, and the form around them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import json_script
from django.utils.safestring import SafeString

from absences.blanks import Form
from absences.register_form import Row
from lessons.models import Student


def pupils(rows: Iterable[Row]) -> SafeString:
    """A row of buttons for each."""
    form = Form("absences/_pupil.html")
    return SafeString("".join(form.fill(_kind(row), _values(row)) for row in rows))


def nobody() -> SafeString:
    """A row of a shell: a script fills it."""
    row = Row(Student(pk=0))
    return Form("absences/_pupil.html").fill(_kind(row) | {"shell": True}, _values(row))


def _kind(row: Row) -> dict[str, Any]:
    student, plan = row.student, row.plan
    return {
        "code": row.code,
        "late_code": row.late_code,
        "other_code": row.other_code,
        "was": row.was,
        "plan": plan.code if plan else "",
        "has_reason": bool(plan and plan.reason),
        "has_legal_name": bool(student.preferred_name) and student.preferred_name != student.legal_name,
        "has_error": bool(row.error),
        "has_conflict": row.mine is not None,
    }


def _values(row: Row) -> dict[str, Any]:
    student = row.student
    return {
        "id": student.pk,
        "name": student.name,
        "legal_name": student.legal_name,
        "reason": row.plan.reason if row.plan else "",
        "seen": row.seen,
        "minutes": "" if row.minutes is None else row.minutes,
        "was_minutes": "" if row.was_minutes is None else row.was_minutes,
        "error": row.error,
        "conflict": render_to_string("absences/_conflict.html", {"row": row}) if row.mine else "",
    }


def taking(
    rows: Sequence[Row], *, facts: Mapping[str, Any], words: SafeString, csrf_token: object, **values: Any
) -> SafeString:
    """The form of `rows`, and the one to tell of somebody else. `values` are `page` (an id of this very page) and the
    addresses `finish` and `someone_else`; without them it is a shell, which is filled by a script."""
    suggested = sum(row.is_suggested for row in rows)
    marked = sum(bool(row.code) for row in rows)
    shell = not values
    kind = {"is_empty": not rows, "has_suggested": bool(suggested), "shell": shell}
    return Form("absences/_taking.html").fill(
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
