"""The register as an ordinary form: the fields of each pupil, and reading them back.

Fields for each student: `mark-<id>` is the code and `minutes-<id>` the minutes late; `was-<id>`, `wasminutes-<id>` and
`wasnote-<id>` are the code, minutes and note that the page showed, and `seen-<id>` the report behind them.
`roster_seen` lists the students on the page. `page` is an id of this copy of the page, so that a form sent twice
reports once. Only changes are reported. `plan-<id>` is the code of a planned absence that was shown: completing
confirms it, unless something else was chosen.

If a colleague's mark conflicts with the form, the row comes back with both: `mark-<id>` is then their code, or `mine`,
which stands for `mine-<id>`, `mineminutes-<id>` and `minenote-<id>`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.utils.translation import gettext as _

from absences.reporting import parse, tickets
from absences.reporting.tickets import Claims
from absences.store.documents import StoredMark
from absences.store.reports import MAX_NOTE, Report, Stored
from lessons import codes
from lessons.errors import FieldError, InvalidInput
from lessons.models import Lesson, Student
from lessons.models.planned import Suggested

MINE = "mine"
EVERYDAY = frozenset({codes.PRESENT, codes.ABSENT, *codes.ARRIVAL_CODES})  # codes that have buttons for every pupil


@dataclass
class PupilRow:
    """One pupil on the page: the current mark on the sheet, and the choice.

    `was`, `was_minutes`, `was_note` and `seen` belong to the mark that this user was shown; `mine` is the report that
    conflicts with somebody else's mark. `plan` is the code of a planned absence.
    """

    student: Student
    mark: StoredMark | None = None
    code: str = ""
    minutes: int | str | None = None
    was: str = ""
    was_minutes: int | str | None = None
    was_note: str = ""
    seen: str = ""
    error: str = ""
    mine: Report | None = None
    plan: str = ""

    @property
    def is_suggested(self) -> bool:
        """Returns whether an absence is planned and there is no mark yet."""
        return bool(self.plan) and not self.code

    @property
    def late_code(self) -> str:
        return self.code if self.code in codes.ARRIVAL_CODES else codes.LATE

    @property
    def other_code(self) -> str:
        """Returns a code besides present, absent and late: the office's, or a planned one."""
        return self.plan if self.code in {"", *EVERYDAY} else self.code


def rows(
    students: Sequence[Student],
    current: Sequence[StoredMark],
    planned: Suggested = tickets.NOTHING_PLANNED,
) -> list[PupilRow]:
    """Returns a row for each student, with the current mark and a planned absence."""
    marks_by = {mark["student"]: mark for mark in current}
    return [_row(student, marks_by.get(student.pk), planned.get(student.pk, "")) for student in students]


def _row(student: Student, mark: StoredMark | None, plan: str) -> PupilRow:
    if mark is None:
        return PupilRow(student, plan=plan)
    code, minutes, seen = mark["code"], mark["minutes_late"], str(mark["report_id"])
    return PupilRow(
        student, mark, code, minutes, was=code, was_minutes=minutes, was_note=mark["note"], seen=seen, plan=plan
    )


@dataclass
class SentForm:
    """The contents of a form: reports of changes, errors by student id, and the roster on the page.

    `unconfirmed` are pupils with a planned absence and no choice.
    """

    reports: list[Report] = field(default_factory=list)
    unconfirmed: set[int] = field(default_factory=set)
    errors: dict[int, str] = field(default_factory=dict)
    roster_seen: list[int] = field(default_factory=list)
    strangers: bool = False


def read(
    post: Mapping[str, str],
    roster: Collection[int],
    claims: Claims,
    lesson: Lesson,
    now: datetime,
    *,
    finishing: bool = False,
) -> SentForm:
    """Reads the form; `finishing` confirms planned absences. Never raises: errors are shown beside their pupils."""
    sent = SentForm(roster_seen=list(_ids(post.get("roster_seen", ""))))
    sent.strangers = any(name.startswith("mark-") and name[5:] not in {str(pk) for pk in roster} for name in post)
    for student_id in roster:
        (code, minutes, note), was = _chosen(post, student_id), post.get(f"was-{student_id}", "")
        was_minutes = post.get(f"wasminutes-{student_id}", "")
        if not code and minutes and minutes != was_minutes:
            sent.errors[student_id] = _("Choose “Late” as well, or clear the minutes.")
            continue
        if not code and post.get(f"plan-{student_id}"):
            sent.unconfirmed.add(student_id)
            if finishing and post[f"plan-{student_id}"] in claims.codes_for(student_id):
                code = post[f"plan-{student_id}"]
        # Minutes with another mark are left over from an earlier choice; the page hides them.
        minutes = minutes if code in codes.ARRIVAL_CODES else ""
        if not code or (code == was and minutes == was_minutes):
            continue
        if code != was and code in codes.ARRIVAL_CODES:
            code = codes.LATE if now < lesson.closes_at else codes.LATE_AFTER_CLOSING
        data: dict[str, Any] = {"code": code, "minutes_late": _number(minutes), "note": note}
        if f"seen-{student_id}" in post:
            data["replaces"] = post[f"seen-{student_id}"] or None
        if page := _uuid(post.get("page", "")):
            data["report_id"] = str(uuid5(page, f"{student_id} {code} {minutes}"))
        try:
            sent.reports.append(parse.parse(data, student_id, claims.codes_for(student_id)))
        except InvalidInput as error:
            sent.errors[student_id] = _in_words(error.errors[0])
    return sent


def put_back(post: Mapping[str, str], shown: Sequence[PupilRow], claims: Claims) -> None:
    """Puts unsaved choices of a form back on the rows, together with the marks that it had seen, so that a mark that a
    colleague made meanwhile still counts as new to this user."""
    for row in shown:
        pk = row.student.pk
        code, minutes, note = _chosen(post, pk)
        was, was_minutes, seen = (post.get(f"{name}-{pk}", "") for name in ("was", "wasminutes", "seen"))
        known = claims.codes_for(pk) | ({row.mark["code"]} if row.mark else set())  # the office's codes too
        row.code = code if code in known else ""
        row.minutes = minutes[:6]
        row.was = was if was in known else ""
        row.was_minutes = was_minutes[:6]
        row.was_note = note[:MAX_NOTE]
        row.seen = seen if _uuid(seen) else ""


def conflicts(reports: Sequence[Report], stored: Sequence[Stored]) -> dict[int, Report]:
    """Returns the reports that conflict with somebody else's mark, by student id. If both have the same code, there is
    no conflict."""
    return {
        report.student_id: report
        for report, found in zip(reports, stored, strict=True)
        if found.state == "conflict" and not _agrees(report, found.mark)
    }


def _agrees(report: Report, mark: StoredMark) -> bool:
    return report.code == mark["code"] and report.minutes_late in (None, mark["minutes_late"])


def _chosen(post: Mapping[str, str], student_id: int) -> tuple[str, str, str]:
    """Returns the code, the minutes, and the note that is kept with them: no field changes a note here."""
    names = ("mark", "minutes", "wasnote")
    if post.get(f"mark-{student_id}") == MINE:
        names = ("mine", "mineminutes", "minenote")
    code, minutes, note = (post.get(f"{name}-{student_id}", "") for name in names)
    return code, minutes.strip(), note


def _ids(text: str) -> Iterator[int]:
    for part in text.split(","):
        if part.isascii() and part.isdecimal() and len(part) < 20:
            yield int(part)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(text: str) -> int | str | None:
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    return text or None


def _in_words(error: FieldError) -> str:
    if error.pointer == "/minutes_late":
        return _("Minutes late are a whole number from 0 to %(most)s.") % {"most": codes.MAX_MINUTES_LATE}
    return _("This mark could not be read. Please choose again.")
