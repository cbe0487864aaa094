"""The documents that MongoDB keeps, one TypedDict each: this is the one place that says what a mark or a sheet is.

Times are in UTC, to the millisecond. `schema.py` derives the validator's required fields, and all fields of a mark,
from these types.
"""

from datetime import datetime
from typing import Literal, NotRequired, TypedDict
from uuid import UUID

from lessons.codes import Counts

MarkState = Literal["provisional", "late"]
SheetState = Literal["open", "closing", "closed"]


class StoredMark(TypedDict):
    """One report on one student, as it was taken, on a sheet and in its log.

    `code` is from the nation's set; `minutes_late` goes with `L` and `U` only. `sequence` counts a device's reports.
    `by`, `by_name`, `by_position` and `role` are the reporter as the signed token named them. `at` is when we took the
    report, `reported_at` when the reporter made it, by their own clock and never later than `at`. The mark is
    `provisional` where the sheet was open, and `late` after that.
    """

    student: int
    code: str
    minutes_late: int | None
    note: str
    report_id: UUID
    device: str | None
    sequence: int | None
    by: int
    by_name: str
    by_position: str
    role: str
    at: datetime
    reported_at: datetime
    state: MarkState


LogEntry = StoredMark  # the log keeps each report as it came


class IntentId(TypedDict):
    """What is left of an intent on a sheet that was rebuilt from its register: the id of the completion."""

    id: UUID


class Intent(IntentId):
    """What the person who completes a lesson states, stored with the fence.

    `by` is a user, or None if nobody completes it: the lesson was cancelled, or a repair closes the sheet. Then the
    fields about that person and `taken_at` are missing. `at` is when completion began, `taken_at` when the register was
    taken. `others` says what is stated of the students in `roster_seen` whom nobody reported.
    """

    by: int | None
    at: datetime
    source: str
    others: Literal["present", "unstated"]
    roster_seen: list[int]
    by_name: NotRequired[str]
    by_position: NotRequired[str]
    role: NotRequired[str]
    taken_at: NotRequired[datetime]


class ShownMark(TypedDict):
    """One student's code in the register, for statistics."""

    student: int
    code: str
    minutes_late: int | None


class Reports(TypedDict, total=False):
    """What was reported on a lesson. Maps are keyed by student, `s7`; compaction takes all of them away.

    `absences` are the marks from before the fence, `late` those from after it. `log` has the newest 200 reports, oldest
    first. `seen` has the highest sequence of each device, by student and `<user>-<device>`.
    """

    absences: dict[str, StoredMark]
    late: dict[str, StoredMark]
    log: list[LogEntry]
    seen: dict[str, dict[str, int]]


class Completion(TypedDict, total=False):
    """How far a sheet has come: each field is written by the step that it tells of.

    `closing_at` and `intent` come with the fence, `closed_at` with C3. `cancelled` marks the sheet of a cancelled
    lesson, `rebuilt_at` one that was lost and made again. `compact_at` is when the reports may go, and `compacted` says
    that they are gone. `orphan_check_at` is when the lesson is looked up, until that has been done.
    """

    closing_at: datetime
    intent: Intent
    closed_at: datetime
    cancelled: Literal[True]
    rebuilt_at: datetime
    compact_at: datetime
    compacted: Literal[True]
    orphan_check_at: datetime


class LessonFacts(TypedDict, total=False):
    """The lesson, for statistics. `date` is the local date as midnight UTC, `school_year` the year in which it began,
    `group` an id, and `year_group` None for a group of mixed years."""

    date: datetime
    school_year: int
    group: int
    year_group: int | None
    session: str | None


class Projection(TypedDict, total=False):
    """The register, for statistics, at its revision `register_rev`. `roster` and `unstated` are ids of students."""

    roster: list[int]
    unstated: list[int]
    counts: Counts
    marks: list[ShownMark]
    register_rev: int
    amended_at: datetime | None


class Sheet(Reports, Completion, LessonFacts, Projection):
    """What has been reported on one lesson. `_id` is "<school>:<lesson>".

    `rev` counts the reports that the open sheet took, `late_rev` those after it; with `late_pending` some of these
    still have to be merged. `v` is the version of this form.
    """

    _id: str
    school: int
    lesson: int
    v: Literal[1]
    state: SheetState
    rev: int
    late_rev: int
    late_pending: bool
    created_at: datetime


class Orphan(Sheet):
    """A sheet whose school has no such lesson, moved aside. `_id` has the time at which the sheet was made, too."""

    moved_at: datetime


class RevocationEntry(TypedDict):
    """Tokens that are no longer good, in the collection `denied`.

    `_id` is a user's id, "sid <sign-in>", or "user <id> lesson <id>" for a user's tickets for one lesson. Tokens issued
    up to `not_before` are refused; MongoDB removes the entry after `expires_at`.
    """

    _id: int | str
    not_before: datetime
    expires_at: datetime
