"""What the API answers: lessons, marks, registers and amendments as plain JSON (`contract`: docs of the API)."""

from collections.abc import Iterable, Mapping, Sequence

from absences.api.answers import (
    AmendmentJson,
    ChangeJson,
    LessonJson,
    MarkJson,
    PlannedJson,
    RegisterAsTakenJson,
    RegisterJson,
    RejectionJson,
    RosterEntryJson,
    StaffJson,
)
from absences.registers.merging import Merged
from absences.reporting.tickets import Claims
from absences.store.documents import StoredMark
from lessons import codes
from lessons.models import Amendment, Lesson, PlannedAbsence, Register, RejectedReport, Student
from lessons.models.permissions import Access
from lessons.registers.feed import Change
from lessons.registers.state import RegisterState, state_of


def lesson_json(lesson: Lesson, marked: int | None) -> LessonJson:
    """A lesson from `with_people().with_state(now)`; `marked` students have a mark on the sheet, None if unasked."""
    staff: list[StaffJson] = [{"id": each.user_id, "name": each.user.name, "kind": each.kind} for each in lesson.people]
    return {
        "id": lesson.pk,
        "school_id": lesson.school_id,
        "group": {"id": lesson.group_id, "name": lesson.group.name},
        "subject": lesson.subject,
        "room": lesson.room,
        "date": lesson.date,
        "starts_at": lesson.starts_at,
        "ends_at": lesson.ends_at,
        "session": lesson.session or None,
        "state": lesson.state,
        "teacher": {"id": staff[0]["id"], "name": staff[0]["name"]} if staff else None,
        "staff": staff,
        "cover": any(each["kind"] == "cover" for each in staff),
        "marked": marked,
        "completed_at": lesson.register.completed_at if lesson.is_completed else None,
        "source": lesson.source,
        "external_id": lesson.external_id,
        "updated_at": lesson.updated_at,
    }


def roster_json(
    students: Iterable[Student], planned: Mapping[int, PlannedAbsence], reader: Access
) -> list[RosterEntryJson]:
    """Each with the absence that the school knows of beforehand: a suggestion, until somebody reports it."""
    return [
        {
            "student_id": student.pk,
            "name": student.name,
            "legal_name": student.legal_name,
            "preferred_name": student.preferred_name,
            "year_group": student.year_group,
            "planned": planned_json(planned.get(student.pk), reader),
        }
        for student in students
    ]


def planned_json(plan: PlannedAbsence | None, reader: Access) -> PlannedJson | None:
    return {"code": plan.code, "title": codes.title(plan.code), "reason": reader.reason_of(plan)} if plan else None


def mark_json(lesson_id: int, mark: StoredMark, state: str, reader: Claims) -> MarkJson:
    """A mark on a sheet. Not every system may read the notes of others."""
    return {
        "lesson_id": lesson_id,
        "student_id": mark["student"],
        "code": mark["code"],
        "minutes_late": mark["minutes_late"],
        "note": mark["note"] if reader.notes or mark["by"] == reader.by.user_id else "",
        "report_id": mark["report_id"],
        "reported_by": {"id": mark["by"], "name": mark["by_name"], "position": mark["by_position"]},
        "reported_at": mark["reported_at"],
        "state": state,
    }


def register_json(merged: Merged, state: RegisterState, reader: Access, *, already_completed: bool) -> RegisterJson:
    return {
        **taken_json(merged.register, state, reader),
        "rejected": [rejected_json(row) for row in merged.rejected],
        "already_completed": already_completed,
    }


def taken_json(register: Register, state: RegisterState, reader: Access) -> RegisterAsTakenJson:
    """Without what was rejected. Notes are empty for those who may not read them."""
    notes = reader.reads_notes(register.school_id)
    return {
        "lesson_id": register.pk,
        "school_id": register.school_id,
        "group_id": register.group_id,
        "completed_at": register.completed_at,
        "taken_at": register.taken_at,
        "completed_by": register.by,
        "roster": list(state.roster),
        "unstated": sorted(state.unstated),
        "counts": state.counts,
        "marks": [
            {
                "student_id": entry.student_id,
                "code": entry.code,
                "minutes_late": entry.minutes_late,
                "note": entry.note if notes else "",
                "reported_by": entry.by,
                "reported_at": entry.reported_at,
                "amended": entry.amended,
            }
            for entry in sorted(state.marks.values(), key=lambda entry: entry.student_id)
        ],
    }


def rejected_json(row: RejectedReport) -> RejectionJson:
    return {"student_id": row.student_id, "code": row.code, "reason": row.reason, "report_id": row.report_id}


def amendments_json(amendments: Sequence[Amendment], reader: Access) -> list[AmendmentJson]:
    return [amendment_json(amendment, reader) for amendment in amendments]


def amendment_json(amendment: Amendment, reader: Access) -> AmendmentJson:
    return {
        "id": amendment.pk,
        "kind": amendment.kind,
        "student_id": amendment.student_id,
        "from_code": amendment.from_code,
        "from_minutes_late": amendment.from_minutes_late,
        "to_code": amendment.to_code,
        "to_minutes_late": amendment.to_minutes_late,
        "reason": reader.reason_of(amendment),
        "by": amendment.by,
        "happened_at": amendment.happened_at,
        "arrived_at": amendment.arrived_at,
        "source": amendment.source,
        "report_id": amendment.report_id,
    }


def change_json(change: Change, reader: Access) -> ChangeJson:
    """One entry of the change feed: a register as it was first written, or what came after."""
    row, number, kind = change.row, change.row.feed_number, change.kind
    if isinstance(row, Register):
        first = state_of(row, nation=row.school.nation, marks=row.marks.all(), amendments=())
        taken = taken_json(row, first, reader)
        return {"number": number, "kind": kind, "lesson_id": row.pk, "register": taken}
    if isinstance(row, Amendment):
        amended = amendment_json(row, reader)
        return {"number": number, "kind": kind, "lesson_id": row.register_id, "amendment": amended}
    return {"number": number, "kind": kind, "lesson_id": row.lesson_id, "rejection": rejected_json(row)}
