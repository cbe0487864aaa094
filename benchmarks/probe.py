"""One checkout of the product, asked for one operation at a time. `benchmarks.compare` runs it in the checkout's
folder.

It knows only the product's addresses, its settings and `lessons.factories`, so that it runs in checkouts that differ in
everything else. It reads an operation's name from each line of its input, does it once, and answers with a line of
JSON: `wall` and `cpu` of this process in milliseconds, or, with `count` before the name, the numbers of SQL statements
and MongoDB commands.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from itertools import cycle
from time import perf_counter, process_time
from typing import Any
from zoneinfo import ZoneInfo

from pymongo import monitoring

CLASS = 30
OWN = 6  # lessons of the teacher, all due now
PACKED = {"accept-encoding": "gzip"}
JSON = "application/json"

Operation = Callable[[], Any]


def main(zone: str, completions: int) -> None:
    """Serves requests. In `zone` it is the middle of a school morning; `completions` is how many lessons can be
    completed."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "attendance_site.settings"
    import django
    from django.conf import settings
    from django.core.management import call_command

    commands = Commands()
    monitoring.register(commands)
    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]
    for name in ("REQUESTS_A_MINUTE", "REQUESTS_A_MINUTE_OF_SYSTEMS"):
        setattr(settings, name, 10**9)
    call_command("migrate", verbosity=0)
    call_command("mongo_setup", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    import attendance_site.wsgi  # noqa: F401 (a server imports it before it serves)

    operations = made(zone, completions)
    print(json.dumps(list(operations)), flush=True)
    for line in sys.stdin:
        *counting, name = line.rstrip("\n").split(maxsplit=1) if line.startswith("count ") else (line.rstrip("\n"),)
        answer = counted(operations[name], commands) if counting else timed(operations[name])
        print(json.dumps(answer), flush=True)


def timed(operation: Operation) -> dict[str, float]:
    wall, cpu = perf_counter(), process_time()
    answer = operation()
    took = {"wall": (perf_counter() - wall) * 1e3, "cpu": (process_time() - cpu) * 1e3}
    assert answer.status_code < 300, (answer.status_code, answer.content[:500])
    return took


def counted(operation: Operation, commands: Commands) -> dict[str, int]:
    from django.db import connection

    statements = 0

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal statements
        statements += sql not in ("BEGIN", "BEGIN IMMEDIATE", "COMMIT")
        return execute(sql, params, many, context)

    before = commands.started_count
    with connection.execute_wrapper(count):
        operation()
    return {"sql": statements, "mongodb": commands.started_count - before}


class Commands(monitoring.CommandListener):
    """Counts the driver's commands; registered before any client is made."""

    def __init__(self) -> None:
        self.started_count = 0

    def started(self, event: Any) -> None:
        self.started_count += event.command_name not in ("hello", "ismaster", "ping", "endSessions")

    def succeeded(self, event: Any) -> None: ...

    def failed(self, event: Any) -> None: ...


def made(zone: str, completions: int) -> dict[str, Operation]:
    """Makes a school with classes of thirty, in which it is mid-morning; returns its operations by name."""
    from django.test import Client

    from lessons.factories import SchoolFactory, StudentFactory, person
    from lessons.models import Role

    school = SchoolFactory.create(time_zone=zone)
    teacher, colleague = (person(school, Role.TEACHER, name, name=name.title()) for name in ("alice", "bob"))
    students = StudentFactory.create_batch(CLASS, school=school)
    own = [lesson(school, students, teacher) for _ in range(OWN)]
    others = iter([lesson(school, students, colleague) for _ in range(completions)])
    alice, bob = Client(), Client()
    alice.force_login(teacher)
    bob.force_login(colleague)
    ticket = alice.get(f"/api/v1/lessons/{own[0].pk}").json()["ticket"]
    return {
        "today": lambda: alice.get("/", headers=PACKED),
        "register page": lambda: alice.get(f"/lessons/{own[0].pk}/", headers=PACKED),
        "day pack": lambda: alice.get("/day-pack", headers=PACKED),
        "report": Reports(own[0].pk, [student.pk for student in students], ticket),
        "completion": lambda: bob.post(f"/api/v1/lessons/{next(others).pk}/complete", "{}", content_type=JSON),
    }


class Reports:
    """Reports pupils absent or present, one after another, with only a ticket."""

    def __init__(self, lesson: int, students: list[int], ticket: str) -> None:
        from django.test import Client

        self._client, self._lesson = Client(headers={"authorization": f"Bearer {ticket}"}), lesson
        self._turns: Iterator[tuple[int, str]] = ((s, code) for code in cycle("N/") for s in students)

    def __call__(self) -> Any:
        student, code = next(self._turns)
        path = f"/api/v1/lessons/{self._lesson}/absences/{student}"
        return self._client.put(path, json.dumps({"code": code}), content_type=JSON)


def lesson(school: Any, students: list[Any], teacher: Any) -> Any:
    """Returns a lesson of all these students that began ten minutes ago."""
    from lessons.factories import EnrolmentFactory, GroupFactory, LessonFactory
    from lessons.models import Enrolment

    group = GroupFactory.create(school=school)
    Enrolment.objects.bulk_create(
        [EnrolmentFactory.build(group=group, student=each, school=school) for each in students]
    )
    begun = datetime.now(ZoneInfo(school.time_zone)) - timedelta(minutes=10)
    when = {"date": begun.date(), "start_time": begun.time().replace(microsecond=0), "end_time": time(23, 59)}
    return LessonFactory.create(group=group, taught_by=teacher, **when)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
