"""Whether anything was reported on lessons. Imports go one way: the app that keeps the reports answers here.

`absences` adds its answer when it starts: `reported.answers.append(sheets.reported)`.
"""

from collections.abc import Callable, Collection

# School and lesson ids in, ids of the lessons that have reports out; StoreUnavailable when it cannot tell.
answers: list[Callable[[Collection[tuple[int, int]]], set[int]]] = []


def reported(lessons: Collection[tuple[int, int]]) -> set[int]:
    """Ids of those of the lessons, given as (school, lesson), that anything was reported on."""
    return {lesson for answer in answers for lesson in answer(lessons)}
