"""The API's answers about a school's own data, as types. `/api/schema` is made from them."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, Generic, NotRequired, TypedDict, TypeVar

from lessons.json_types import Id, Keywords, Person

Listed = TypeVar("Listed")

Clock = Annotated[time, Keywords(type="string", pattern=r"^\d\d:\d\d:\d\d$")]
Link = Annotated[str, Keywords(format="uri")]
YearGroup = Annotated[int, Keywords(minimum=-2, maximum=14)]


class Page(TypedDict, Generic[Listed]):
    next: Link | None
    previous: Link | None
    results: list[Listed]


class FieldErrorJson(TypedDict):
    """One wrong field: `pointer` as in RFC 6901, such as `/absences/3/code`, and a stable `code`."""

    pointer: str
    code: str
    detail: str


class ProblemDetail(TypedDict):
    detail: str
    errors: NotRequired[list[FieldErrorJson]]
    mark: NotRequired[Annotated[Mapping[str, Any], "The current mark (409)."]]


class ProblemJson(ProblemDetail):
    """RFC 9457; `errors` lists at most 500 errors."""

    type: str
    title: str
    status: int
    instance: str
    request_id: str


class PutRowJson(TypedDict):
    id: Id
    external_id: str


class OwnedJson(TypedDict):
    source: str
    external_id: str
    updated_at: datetime


class SchoolJson(OwnedJson):
    id: Id
    name: str
    urn: str
    nation: str
    local_authority: str
    time_zone: str


class GroupJson(OwnedJson):
    id: Id
    school_id: Id
    name: str
    year_group: YearGroup | None


class StudentJson(OwnedJson):
    id: Id
    school_id: Id
    upn: Annotated[str, "Empty for teachers, and without the scope `upns`."]
    name: str
    legal_name: str
    preferred_name: str
    year_group: YearGroup
    on_roll_from: date
    on_roll_until: date | None


class EnrolmentJson(OwnedJson):
    id: Id
    school_id: Id
    student_id: Id
    group_id: Id
    starts_on: date
    ends_on: date | None


class PlannedAbsenceJson(OwnedJson):
    id: Id
    school_id: Id
    student_id: Id
    first_day: date
    last_day: date
    from_time: Clock | None
    until_time: Clock | None
    code: str
    title: Annotated[str, "The meaning of the code."]
    reason: Annotated[str, "Empty for teachers, and without the scope `notes`."]
    by: Person
    made_at: datetime
