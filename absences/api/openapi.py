"""What `/api/schema` says of lessons, reports, registers and the change feed."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter

from absences.api.serializers import AmendmentInput, AmendmentsInput, CompletionInput, LessonQuery, ReasonInput
from absences.reporting import parse
from absences.store import reports
from lessons import codes
from lessons.api import inputs
from lessons.api.openapi import (
    BOOLEAN,
    CURSOR,
    DATE,
    ID,
    NUMBER,
    OWNED,
    TEXT,
    TIME,
    TOKEN,
    UUID,
    YEAR,
    Operation,
    Operations,
    Schema,
    array,
    closed,
    maybe,
    page,
    put,
    ref,
)
from lessons.models import RejectedReport

CODE: Schema = {"type": "string", "minLength": 1, "maxLength": 2}
LATE = maybe({"type": "integer", "minimum": 0, "maximum": codes.MAX_MINUTES_LATE})
NOTE: Schema = {"type": "string", "maxLength": reports.MAX_NOTE}
DEVICE: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9_\-]{1,36}$"}
SEQUENCE: Schema = {"type": "integer", "minimum": 0, "maximum": parse.MAX_SEQUENCE}
COUNTS = (
    "expected",
    "unstated",
    "possible",
    "attended",
    "absent",
    "late",
    "authorised",
    "unauthorised",
    "not_possible",
)

LESSON: dict[str, Schema] = {
    "id": ID,
    "school_id": ID,
    "group": closed({"id": ID, "name": TEXT}),
    "subject": TEXT,
    "room": TEXT,
    "date": DATE,
    "starts_at": TIME,
    "ends_at": TIME,
    "session": maybe({"enum": ["AM", "PM"]}),
    "state": {"enum": ["scheduled", "due", "completed", "cancelled"]},
    "teacher": maybe(closed({"id": ID, "name": TEXT})),
    "staff": array(closed({"id": ID, "name": TEXT, "kind": {"enum": ["teacher", "assistant", "cover"]}})),
    "cover": BOOLEAN,
    "marked": maybe(NUMBER),
    "completed_at": maybe(TIME),
    **OWNED,
}
MARK: dict[str, Schema] = {
    "lesson_id": ID,
    "student_id": ID,
    "code": CODE,
    "minutes_late": LATE,
    "note": NOTE,
    "report_id": UUID,
    "reported_by": ref("Person"),
    "reported_at": TIME,
}
REGISTER: dict[str, Schema] = {
    "lesson_id": ID,
    "school_id": ID,
    "group_id": ID,
    "completed_at": TIME,
    "taken_at": TIME,
    "completed_by": ref("Person"),
    "roster": array(ID),
    "unstated": array(ID),
    "counts": closed(dict.fromkeys(COUNTS, NUMBER)),
    "marks": array(
        closed(
            {
                "student_id": ID,
                "code": CODE,
                "minutes_late": LATE,
                "note": NOTE,
                "reported_by": ref("Person"),
                "reported_at": TIME,
                "amended": BOOLEAN,
            }
        )
    ),
}
# As `marks.parse` reads it.
REPORT: dict[str, Schema] = {
    "code": CODE | {"default": "N", "description": "One that the role may use; `/` takes an absence back."},
    "minutes_late": LATE | {"description": "Only with `L` or `U`."},
    "note": maybe(NOTE),
    "report_id": maybe(UUID) | {"description": "The same id again is the same report, and counts once."},
    "device": maybe(DEVICE),
    "sequence": maybe(SEQUENCE),
    "replaces": maybe(UUID) | {"description": "The `report_id` that was seen standing; null for none. Else 409."},
    "reported_at": maybe(TIME)
    | {
        "description": "When it was said, by the client's clock; now where it is missing or still to come. What was"
        " said before somebody amended the register does not override that."
    },
}

COMPONENTS: dict[str, Schema] = {
    "Lesson": closed(LESSON),
    "Planned": {
        **closed({"code": CODE, "title": TEXT, "reason": NOTE}),
        "description": "An absence that the school knows of beforehand: unstated, until somebody reports it. `title` is"
        " what the code stands for. `reason` is empty for teachers, and without the scope `notes`.",
    },
    "LessonWithRoster": closed(
        {
            **LESSON,
            "roster": array(
                closed(
                    {
                        "student_id": ID,
                        "name": TEXT,
                        "legal_name": TEXT,
                        "preferred_name": TEXT,
                        "year_group": YEAR,
                        "planned": maybe(ref("Planned")),
                    }
                )
            ),
            "ticket": maybe(TOKEN),
        }
    ),
    "Mark": closed({**MARK, "state": {"enum": ["provisional", "late", "superseded", "conflict"]}}),
    "Report": closed({}, **REPORT),
    "Reports": closed(
        {"absences": array(closed({"student_id": ID}, **REPORT), minItems=1, maxItems=parse.MAX_REPORTS)}
    ),
    "Register": closed({**REGISTER, "rejected": array(ref("Rejection")), "already_completed": BOOLEAN}),
    "RegisterAsTaken": closed(REGISTER),
    "Rejection": closed(
        {
            "student_id": ID,
            "code": CODE,
            "report_id": UUID,
            "reason": {"enum": list(RejectedReport.Reason.values)},
        }
    ),
    "Amendment": closed(
        {
            "id": ID,
            "kind": {"enum": ["correction", "arrival", "late_report", "void"]},
            "student_id": maybe(ID),
            "from_code": maybe(CODE),
            "from_minutes_late": LATE,
            "to_code": maybe(CODE),
            "to_minutes_late": LATE,
            "reason": TEXT,
            "by": ref("Person"),
            "happened_at": TIME,
            "arrived_at": TIME,
            "source": TEXT,
            "report_id": maybe(UUID),
        }
    ),
    "Change": closed(
        {"number": ID, "kind": {"enum": ["register", "amendment", "void", "rejection"]}, "lesson_id": ID},
        register=ref("RegisterAsTaken"),
        amendment=ref("Amendment"),
        rejection=ref("Rejection"),
    ),
}

TICKET = (
    "By the lesson's register ticket, or by an access token of an office, an admin or a system with the scope `report`."
    " No relational database is asked; what may not stand is rejected when the lesson is completed."
)
SAFE_AGAIN = "Sending it again is safe: with `report_id` it counts once, with `device` and `sequence` in its order."
IDEMPOTENT = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
    OpenApiParameter.HEADER,
    description="The same key again within a day is answered as the first time; for something else it is 422.",
)
TO_REPORT: Any = [{"ticket": []}, {"access": []}]
AMEND_ERRORS = (400, 403, 404, 409, 413, 415, 422)
ANN = {"student_id": 231, "code": "I", "reason": "Message from the parent", "expected_code": "N"}


def _query(name: str, schema: Schema) -> OpenApiParameter:
    return OpenApiParameter(name, schema)


# The fields of a report as a query has them: what is left out is not sent, and an empty `replaces` saw nothing.
TAKEN_BACK = [
    *(_query("note", NOTE), _query("report_id", UUID), _query("device", DEVICE), _query("sequence", SEQUENCE)),
    *(_query("replaces", {"anyOf": [UUID, {"const": ""}]}), _query("reported_at", TIME)),
]

OPERATIONS: Operations = {
    ("LessonsView", "GET"): Operation(
        "list_lessons",
        "Lessons that the user may see",
        {200: page(ref("Lesson"))},
        (400, 403, 404),
        "`teacher=me` are one's own; with `with=marked` each says how many students are marked. `state=due` gives what"
        " is open for taking of today, or of the days that `date`, `from` and `to` name; `state=overdue` gives what"
        " earlier days have left untaken, which says `due` too. `date=today` is the date where the school is.",
        parameters=[LessonQuery, *CURSOR],
    ),
    ("LessonsView", "PUT"): put(
        "lessons",
        inputs.LessonsPut,
        {
            "external_id": "l1",
            "group": "8A",
            "date": "2026-09-14",
            "start_time": "09:00",
            "end_time": "10:00",
            "staff": [{"user": "t1"}],
        },
    ),
    ("LessonView", "GET"): Operation(
        "get_lesson",
        "One lesson with its roster and its register ticket",
        {200: ref("LessonWithRoster")},
        (403, 404),
        "`ticket` is null for a lesson after today, and for who may not report. It ends with the day,"
        " or earlier with the sign-in that asked for it.",
    ),
    ("AbsencesView", "GET"): Operation(
        "list_absences",
        "What was reported of a lesson so far",
        {
            200: closed(
                {"state": {"enum": ["open", "closing", "closed"]}, "rev": NUMBER, "absences": array(ref("Mark"))}
            )
        },
        (403, 404),
        TICKET,
        security=TO_REPORT,
    ),
    ("AbsencesView", "POST"): Operation(
        "report_absences",
        "Report up to 200 absences",
        {202: closed({"accepted": NUMBER, "absences": array(ref("Mark"))})},
        (400, 403, 404, 409, 413, 415, 422),
        f"{TICKET} One bad item refuses all. {SAFE_AGAIN}",
        ref("Reports"),
        {"absences": [{"student_id": 231}, {"student_id": 232, "code": "L", "minutes_late": 5}]},
        security=TO_REPORT,
    ),
    ("AbsenceView", "PUT"): Operation(
        "report_absence",
        "Report one absence",
        {202: ref("Mark")},
        (400, 403, 404, 409, 413, 415, 422),
        f"{TICKET} {SAFE_AGAIN}",
        ref("Report"),
        {"code": "L", "minutes_late": 5, "report_id": "3d3c1a0e-7b6a-4f39-9a53-6a3b1f0c2c11"},
        security=TO_REPORT,
    ),
    ("AbsenceView", "DELETE"): Operation(
        "take_absence_back",
        "Take an absence back: explicitly present",
        {202: ref("Mark")},
        (400, 403, 404, 409, 415, 422),
        f"{TICKET} As PUT with the code `/`, its fields in the query.",
        parameters=TAKEN_BACK,
        security=TO_REPORT,
    ),
    ("CompleteView", "POST"): Operation(
        "complete_lesson",
        "Complete a lesson: all others are present",
        {200: ref("Register")},
        (400, 403, 404, 409, 413, 415),
        "The register, the same one however often and by whomever it is asked for. A student whom the completer did not"
        " see (`roster_seen`) is unstated, and counted nowhere. 409 for a cancelled lesson, or one not yet due.",
        CompletionInput,
        {"others": "present", "roster_seen": [231, 232]},
    ),
    ("RegisterView", "GET"): Operation(
        "get_register",
        "The register as it stands, or stood",
        {200: ref("Register")},
        (400, 403, 404),
        "404 until the lesson is completed. Notes are empty without the scope `notes`.",
        parameters=[OpenApiParameter("at", TIME, description="As it stood then.")],
    ),
    ("AmendmentsView", "GET"): Operation(
        "list_amendments",
        "Everything that changed a register, oldest first",
        {200: page(ref("Amendment"))},
        (400, 403, 404),
        "`reason` is for the office, for systems with the scope `notes`, and for whoever wrote it: for others it is"
        " empty. Teachers also read why a whole register was withdrawn.",
        parameters=CURSOR,
    ),
    ("AmendmentsView", "POST"): Operation(
        "amend_register",
        "Amend a register",
        {201: {"anyOf": [ref("Amendment"), closed({"amendments": array(ref("Amendment"))})]}},
        AMEND_ERRORS,
        "One, or `amendments` all or none. With `expected_code` only if that stands: otherwise 409 with the mark.",
        {"anyOf": [AmendmentInput, AmendmentsInput]},
        ANN,
        parameters=[IDEMPOTENT],
    ),
    ("VoidView", "POST"): Operation(
        "void_register",
        "Withdraw a register that was taken by mistake",
        {201: ref("Amendment")},
        AMEND_ERRORS,
        "Everyone is unstated, to be given again by amendments.",
        ReasonInput,
        {"reason": "Taken for the wrong class"},
        parameters=[IDEMPOTENT],
    ),
    ("ChangesView", "GET"): Operation(
        "list_changes",
        "The change feed of a school",
        {200: page(ref("Change"), cursor=TEXT), 304: None},
        (400, 403),
        "Registers as first written, amendments, voids and rejections, in an order that never skips one. Keep `cursor`"
        " and send it as `after` the next time, with the `ETag` as `If-None-Match`: 304 while nothing is new.",
        parameters=[
            _query("after", {"type": "string", "pattern": "^[0-9]{1,18}$", "default": "0"}),
            _query("page_size", {"type": "integer", "minimum": 1, "default": 100}),
            _query("school", ID),
        ],
    ),
}
