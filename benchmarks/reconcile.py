"""How fast the reconciler finishes and verifies sheets, and in how much memory.

    python -m benchmarks.reconcile --sheets 100000

Makes sheets whose completion was interrupted after the fence, of classes of 25 with two absent, on its own PostgreSQL
and one-node replica set; then runs `manage.py reconcile` and `manage.py reconcile --verify`. Prints for each its JSON
line, sheets per second and its peak resident memory in MB.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from datetime import time as clock
from pathlib import Path
from typing import TYPE_CHECKING

from drills import completion, stores

if TYPE_CHECKING:
    from absences.store.documents import Sheet
    from lessons.models import Lesson, User

CLASS = 25
GROUPS = 40
CHUNK = 1000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reconcile")
    parser.add_argument("--sheets", type=int, default=100_000)
    sheets = parser.parse_args().sheets
    with ExitStack() as stack:
        folder = stack.enter_context(stores.workplace())
        mongo = stack.enter_context(stores.replica_set(folder / "mongo", 1))
        sql = stack.enter_context(stores.postgres(folder / "sql"))
        completion.set_up(folder, mongo.url, sql.url)
        _fill(sheets)
        for words in (["reconcile"], ["reconcile", "--verify"]):
            _time(words, sheets)
    return 0


def _time(words: list[str], sheets: int) -> None:
    began = time.monotonic()
    subprocess.run([sys.executable, Path("manage.py"), *words], check=True)
    seconds = time.monotonic() - began
    # The largest of all children so far: the second run shows only if it needs more than the first.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{' '.join(words)}: sheets={sheets} seconds={seconds:.0f} rate={sheets / seconds:.0f}/s peak={peak:.0f}MB")


def _fill(sheets: int) -> None:
    from absences.store import mongo
    from lessons.factories import SchoolFactory, StudentFactory, person
    from lessons.models import Enrolment, Group, Lesson, Role

    school = SchoolFactory.create()
    teacher = person(school, Role.TEACHER, "benchmark")
    students = StudentFactory.create_batch(CLASS, school=school)
    roster = sorted(student.pk for student in students)
    groups = Group.objects.bulk_create(Group(school=school, name=f"7-{index}") for index in range(GROUPS))
    Enrolment.objects.bulk_create(
        Enrolment(school=school, student_id=student, group=group, starts_on=date(2020, 9, 1))
        for group in groups
        for student in roster
    )
    for start in range(0, sheets, CHUNK):
        lessons = Lesson.objects.bulk_create(
            Lesson(
                school=school,
                group=groups[index % GROUPS],
                date=date(2025, 9, 1) + timedelta(days=index // 500),
                start_time=clock(9),
                end_time=clock(10),
            ).set_instants()
            for index in range(start, min(start + CHUNK, sheets))
        )
        mongo.sheets().insert_many(list(_interrupted(lessons, teacher, roster)))
    mongo.close()


def _interrupted(lessons: "list[Lesson]", teacher: "User", roster: list[int]) -> "Iterator[Sheet]":
    from absences.store import reports, sheets
    from absences.store.reports import Report, Reporter
    from absences.store.sheets import Key
    from absences.store.times import midnight

    by = Reporter(teacher.pk, teacher.name, "Teacher", "teacher")
    for lesson in lessons:
        at = lesson.starts_at
        marks = [reports.mark_of(Report(student_id=student, code="N"), by, at, "provisional") for student in roster[:2]]
        yield {
            "_id": str(Key(lesson.school_id, lesson.pk)),
            "school": lesson.school_id,
            "lesson": lesson.pk,
            "v": 1,
            "created_at": at,
            "orphan_check_at": at + sheets.ORPHAN_AFTER,
            "late_rev": 0,
            "late_pending": False,
            "state": "closing",
            "rev": 2,
            "date": midnight(lesson.date),
            "closing_at": at,
            "absences": {f"s{mark['student']}": mark for mark in marks},
            "log": marks,
            "intent": {
                "id": uuid.uuid4(),
                "by": teacher.pk,
                "by_name": teacher.name,
                "by_position": "Teacher",
                "role": "teacher",
                "at": at,
                "taken_at": at,
                "source": "page",
                "others": "present",
                "roster_seen": roster,
            },
        }


if __name__ == "__main__":
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    sys.exit(main())
