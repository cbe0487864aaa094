"""The API's statistics, as types. `/api/schema` is made from them."""

from datetime import date
from typing import Annotated, TypedDict

from lessons.json_types import Count, Id, Keywords
from stats.parameters import LEVELS

Level = Annotated[str, Keywords(enum=[*LEVELS])]
Basis = Annotated[str, Keywords(enum=["lesson"])]
Rate = Annotated[float, Keywords(type="number", minimum=0, maximum=1)]


class SumsJson(TypedDict):
    registers: Count
    possible: Count
    attended: Count
    absent: Count
    authorised: Count
    unauthorised: Count
    late: Count
    attendance_rate: Rate | None
    absence_rate: Rate | None


class ResultJson(SumsJson):
    id: Id
    name: str


class CoverageJson(TypedDict):
    completed: Count
    due: Count


StatisticsJson = TypedDict(
    "StatisticsJson",
    {"level": Level, "basis": Basis, "from": date, "to": date, "coverage": CoverageJson, "results": list[ResultJson]},
)
