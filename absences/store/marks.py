"""The current marks on sheets: the latest report on each student."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pymongo.command_cursor import CommandCursor

from absences.store import mongo
from absences.store.documents import Reports, StoredMark
from absences.store.mongo import Query
from lessons.errors import StoreUnavailable

if TYPE_CHECKING:
    from lessons.models import Lesson

log = logging.getLogger(__name__)

T = TypeVar("T")


def current_marks(sheet: Reports | None) -> list[StoredMark]:
    """Returns the current mark of every student who has one, in the order of their ids; none without a sheet."""
    if sheet is None:
        return []
    marks = {**sheet.get("absences", {}), **sheet.get("late", {})}
    return sorted(marks.values(), key=lambda mark: mark["student"])


def current_mark(sheet: Reports | None, student_id: int) -> StoredMark | None:
    """Returns a student's current mark: the late one, if there is one."""
    if sheet is None:
        return None
    name = f"s{student_id}"
    return sheet.get("late", {}).get(name) or sheet.get("absences", {}).get(name)


def by_lesson(school_id: int, lesson_ids: Iterable[int]) -> dict[int, list[StoredMark]]:
    """Returns `current_marks` by lesson, in one command; lessons without a sheet are left out."""
    wanted = {"absences": 1, "late": 1, "lesson": 1}
    with mongo.answering():
        found = mongo.sheets().find({"school": school_id, "lesson": {"$in": list(lesson_ids)}}, wanted)
        return {sheet["lesson"]: current_marks(sheet) for sheet in found}


def count_by_lesson(school_id: int, lesson_ids: Iterable[int]) -> dict[int, int]:
    """Returns how many students have a mark, by lesson, in one command; lessons without a sheet are left out."""
    students = {"$setUnion": [_names("$absences"), _names("$late")]}
    with mongo.answering():
        found: CommandCursor[Any] = mongo.sheets().aggregate(
            [
                {"$match": {"school": school_id, "lesson": {"$in": list(lesson_ids)}}},
                {"$project": {"_id": 0, "lesson": 1, "marked": {"$size": students}}},
            ]
        )
        return {row["lesson"]: row["marked"] for row in found}


def _names(field: str) -> Query:
    """Returns the expression for the keys of a map, which may be missing."""
    return {"$map": {"input": {"$objectToArray": {"$ifNull": [field, {}]}}, "in": "$$this.k"}}


def if_known(ask: Callable[[int, Sequence[int]], Mapping[int, T]], lessons: "Iterable[Lesson]") -> dict[int, T] | None:
    """Returns what `ask` (`by_lesson` or `count_by_lesson`) finds for these lessons, in one command for each school;
    None if MongoDB does not answer, so that a page can be shown without its marks."""
    by_school: dict[int, list[int]] = defaultdict(list)
    for lesson in lessons:
        by_school[lesson.school_id].append(lesson.pk)
    try:
        return {pk: found for school, own in by_school.items() for pk, found in ask(school, own).items()}
    except StoreUnavailable:
        log.warning("MongoDB did not answer: the marks of lessons are shown as unknown.")
        return None
