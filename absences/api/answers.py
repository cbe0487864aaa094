"""The API's answers about lessons, reports and registers, as types. `/api/schema` is made from them."""

from datetime import date, datetime
from typing import Annotated, NotRequired, TypedDict
from uuid import UUID

from absences.store import reports
from lessons import codes
from lessons.api.answers import Link, OwnedJson, YearGroup
from lessons.json_types import Count, Id, Jwt, Keywords, Person
from lessons.models import Amendment, RejectedReport, Session
from lessons.models.timetable import StaffKind

Code = Annotated[str, Keywords(minLength=1, maxLength=2)]
Minutes = Annotated[int, Keywords(minimum=0, maximum=codes.MAX_MINUTES_LATE)]
Note = Annotated[str, Keywords(maxLength=reports.MAX_NOTE)]


class NamedJson(TypedDict):
    id: Id
    name: str


class StaffJson(NamedJson):
    kind: Annotated[str, Keywords(enum=StaffKind.values)]


class LessonJson(OwnedJson):
    id: Id
    school_id: Id
    group: NamedJson
    subject: str
    room: str
    date: date
    starts_at: datetime
    ends_at: datetime
    session: Annotated[str, Keywords(enum=Session.values)] | None
    state: Annotated[str, Keywords(enum=["scheduled", "due", "completed", "cancelled"])]
    teacher: NamedJson | None
    staff: list[StaffJson]
    cover: bool
    marked: Count | None
    completed_at: datetime | None


class PlannedJson(TypedDict):
    """An absence that the school knows of beforehand: unstated, until somebody reports it. `title` is what the code
    stands for. `reason` is empty for teachers, and without the scope `notes`."""

    code: Code
    title: str
    reason: Note


class RosterEntryJson(TypedDict):
    student_id: Id
    name: str
    legal_name: str
    preferred_name: str
    year_group: YearGroup
    planned: PlannedJson | None


class LessonWithRosterJson(LessonJson):
    roster: list[RosterEntryJson]
    ticket: Jwt | None


class MarkJson(TypedDict):
    lesson_id: Id
    student_id: Id
    code: Code
    minutes_late: Minutes | None
    note: Note
    report_id: UUID
    reported_by: Person
    reported_at: datetime
    state: Annotated[str, Keywords(enum=["provisional", "late", "superseded", "conflict"])]


class MarksJson(TypedDict):
    state: Annotated[str, Keywords(enum=["open", "closing", "closed"])]
    rev: Count
    absences: list[MarkJson]


class AcceptedJson(TypedDict):
    accepted: Count
    absences: list[MarkJson]


class CountsJson(TypedDict):
    expected: Count
    unstated: Count
    possible: Count
    attended: Count
    absent: Count
    late: Count
    authorised: Count
    unauthorised: Count
    not_possible: Count


class RegisterMarkJson(TypedDict):
    student_id: Id
    code: Code
    minutes_late: Minutes | None
    note: Note
    reported_by: Person
    reported_at: datetime
    amended: bool


class RegisterAsTakenJson(TypedDict):
    lesson_id: Id
    school_id: Id
    group_id: Id
    completed_at: datetime
    taken_at: datetime
    completed_by: Person
    roster: list[Id]
    unstated: list[Id]
    counts: CountsJson
    marks: list[RegisterMarkJson]


class RejectionJson(TypedDict):
    student_id: Id
    code: Code
    report_id: UUID
    reason: Annotated[str, Keywords(enum=RejectedReport.Reason.values)]


class RegisterJson(RegisterAsTakenJson):
    rejected: list[RejectionJson]
    already_completed: bool


class AmendmentJson(TypedDict):
    id: Id
    kind: Annotated[str, Keywords(enum=Amendment.Kind.values)]
    student_id: Id | None
    from_code: Code | None
    from_minutes_late: Minutes | None
    to_code: Code | None
    to_minutes_late: Minutes | None
    reason: str
    by: Person
    happened_at: datetime
    arrived_at: datetime
    source: str
    report_id: UUID | None


class AmendmentsJson(TypedDict):
    amendments: list[AmendmentJson]


class ChangeJson(TypedDict):
    number: Id
    kind: Annotated[str, Keywords(enum=["register", "amendment", "void", "rejection"])]
    lesson_id: Id
    register: NotRequired[RegisterAsTakenJson]
    amendment: NotRequired[AmendmentJson]
    rejection: NotRequired[RejectionJson]


class ChangesJson(TypedDict):
    next: Link | None
    previous: Link | None
    cursor: str
    results: list[ChangeJson]
