"""What `/api/schema` says of lessons, reports, registers and the change feed."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypedDict
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter

from absences.api.answers import (
    AcceptedJson,
    AmendmentJson,
    AmendmentsJson,
    ChangesJson,
    Code,
    LessonJson,
    LessonWithRosterJson,
    MarkJson,
    MarksJson,
    Minutes,
    Note,
    RegisterJson,
)
from absences.api.serializers import AmendmentInput, AmendmentsInput, CompletionInput, LessonQuery, ReasonInput
from absences.reporting import parse
from lessons.api import inputs
from lessons.api.answers import Page
from lessons.api.openapi import CURSOR, Operation, Operations, parameter, put
from lessons.json_types import Id, Keywords

Device = Annotated[str, Keywords(pattern=r"^[A-Za-z0-9_\-]{1,36}$")]
SequenceNumber = Annotated[int, Keywords(minimum=0, maximum=parse.MAX_SEQUENCE)]


class ReportJson(TypedDict, total=False):  # as `parse.parse` reads it
    code: Annotated[Code, Keywords(default="N"), "One that the role may use; `/` takes an absence back."]
    minutes_late: Annotated[Minutes | None, "Only with `L` or `U`."]
    note: Note | None
    report_id: Annotated[UUID | None, "The same id again is the same report, and counts once."]
    device: Device | None
    sequence: SequenceNumber | None
    replaces: Annotated[UUID | None, "The `report_id` that the client saw; null for none. Else 409."]
    reported_at: Annotated[
        datetime | None,
        "When it was said, by the client's clock; now where it is missing or still to come. What was said before"
        " somebody amended the register does not override that.",
    ]


class StudentReportJson(ReportJson):
    student_id: Id


class ReportsJson(TypedDict):
    absences: Annotated[list[StudentReportJson], Keywords(minItems=1, maxItems=parse.MAX_REPORTS_A_REQUEST)]


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


# The fields of a report as a query has them: what is left out is not sent, and an empty `replaces` saw nothing.
TAKEN_BACK = [
    *(parameter("note", Note), parameter("report_id", UUID), parameter("device", Device)),
    *(
        parameter("sequence", SequenceNumber),
        parameter("replaces", UUID | Literal[""]),
        parameter("reported_at", datetime),
    ),
]

OPERATIONS: Operations = {
    ("LessonsView", "GET"): Operation(
        "list_lessons",
        "Lessons that the user may see",
        {200: Page[LessonJson]},
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
        {200: LessonWithRosterJson},
        (403, 404),
        "`ticket` is null for a lesson after today, and for users who may not report. It ends with the day,"
        " or earlier with the sign-in that asked for it.",
    ),
    ("AbsencesView", "GET"): Operation(
        "list_absences",
        "What was reported of a lesson so far",
        {200: MarksJson},
        (403, 404),
        TICKET,
        security=TO_REPORT,
    ),
    ("AbsencesView", "POST"): Operation(
        "report_absences",
        "Report up to 200 absences",
        {202: AcceptedJson},
        (400, 403, 404, 409, 413, 415, 422),
        f"{TICKET} One bad item refuses all. {SAFE_AGAIN}",
        ReportsJson,
        {"absences": [{"student_id": 231}, {"student_id": 232, "code": "L", "minutes_late": 5}]},
        security=TO_REPORT,
    ),
    ("AbsenceView", "PUT"): Operation(
        "report_absence",
        "Report one absence",
        {202: MarkJson},
        (400, 403, 404, 409, 413, 415, 422),
        f"{TICKET} {SAFE_AGAIN}",
        ReportJson,
        {"code": "L", "minutes_late": 5, "report_id": "3d3c1a0e-7b6a-4f39-9a53-6a3b1f0c2c11"},
        security=TO_REPORT,
    ),
    ("AbsenceView", "DELETE"): Operation(
        "take_absence_back",
        "Take an absence back: explicitly present",
        {202: MarkJson},
        (400, 403, 404, 409, 415, 422),
        f"{TICKET} As PUT with the code `/`, its fields in the query.",
        parameters=TAKEN_BACK,
        security=TO_REPORT,
    ),
    ("CompleteView", "POST"): Operation(
        "complete_lesson",
        "Complete a lesson: all others are present",
        {200: RegisterJson},
        (400, 403, 404, 409, 413, 415),
        "The register, the same one however often and by whomever it is asked for. A student whom the completer did not"
        " see (`roster_seen`) is unstated, and counted nowhere. 409 for a cancelled lesson, or one not yet due.",
        CompletionInput,
        {"others": "present", "roster_seen": [231, 232]},
    ),
    ("RegisterView", "GET"): Operation(
        "get_register",
        "The register as it stands, or stood",
        {200: RegisterJson},
        (400, 403, 404),
        "404 until the lesson is completed. Notes are empty without the scope `notes`.",
        parameters=[OpenApiParameter("at", datetime, description="As it stood then.")],
    ),
    ("AmendmentsView", "GET"): Operation(
        "list_amendments",
        "Everything that changed a register, oldest first",
        {200: Page[AmendmentJson]},
        (400, 403, 404),
        "The office, systems with the scope `notes` and its author read `reason`; for others it is empty."
        " Teachers also read why a whole register was withdrawn.",
        parameters=CURSOR,
    ),
    ("AmendmentsView", "POST"): Operation(
        "amend_register",
        "Amend a register",
        {201: AmendmentJson | AmendmentsJson},
        AMEND_ERRORS,
        "One, or `amendments` all or none. With `expected_code` only if that stands: otherwise 409 with the mark.",
        {"anyOf": [AmendmentInput, AmendmentsInput]},
        ANN,
        parameters=[IDEMPOTENT],
    ),
    ("VoidView", "POST"): Operation(
        "void_register",
        "Withdraw a register that was taken by mistake",
        {201: AmendmentJson},
        AMEND_ERRORS,
        "Everyone is unstated, to be given again by amendments.",
        ReasonInput,
        {"reason": "Taken for the wrong class"},
        parameters=[IDEMPOTENT],
    ),
    ("ChangesView", "GET"): Operation(
        "list_changes",
        "The change feed of a school",
        {200: ChangesJson, 304: None},
        (400, 403),
        "Registers as first written, amendments, voids and rejections, in an order that never skips one. Keep `cursor`"
        " and send it as `after` the next time, with the `ETag` as `If-None-Match`: 304 while nothing is new.",
        parameters=[
            parameter("after", Annotated[str, Keywords(pattern="^[0-9]{1,18}$", default="0")]),
            parameter("page_size", Annotated[int, Keywords(minimum=1, default=100)]),
            parameter("school", Id),
        ],
    ),
}
