"""The cost of pages to the server: time and CPU of each page, compared with an empty view behind the same middleware,
and the capacity that boards polling every ten seconds need in a whole country.

    python -m benchmarks.pages

The school has sixty lessons at a time, five times a day, and it is nine o'clock there. Runs on SQLite, or on the
database that DATABASE_URL names.
"""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, time
from statistics import median, quantiles
from time import perf_counter, process_time
from types import ModuleType
from typing import Any, NamedTuple

from drills import stores

ROUNDS, WARM = 200, 10
AT_A_TIME, STARTS, CLASS = 60, 5, 30
NINE = 9
SCHOOLS, SCREENS, EVERY, FRESH = 32_000, 2, 10, 60


class Cost(NamedTuple):
    """The time and the CPU of one request, in milliseconds."""

    wall: float
    cpu: float


def main() -> int:
    with stores.workplace() as folder, ExitStack() as stack:
        nodes = stack.enter_context(stores.replica_set(folder / "mongo", 1))
        os.environ |= {"VAR_DIR": str(folder / "var"), "MONGODB_URL": nodes.url, "LOG_LEVEL": "ERROR"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "attendance_site.settings"
        import django

        django.setup()
        measure()
    return 0


def measure() -> None:
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("mongo_setup", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    import attendance_site.wsgi  # noqa: F401 (what a server does before it serves)

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.ROOT_URLCONF = with_an_empty_view(settings.ROOT_URLCONF)
    asks = requests()
    costs = take_turns(asks)
    for name, found in costs.items():
        walls, cpus = zip(*found, strict=True)
        p50, p99 = median(walls), quantiles(walls, n=100)[-1]
        print(f"{name:16} p50 {p50:6.1f} ms, p99 {p99:6.1f} ms, CPU {median(cpus):6.1f} ms")
    cpu = {name: median(each.cpu for each in found) for name, found in costs.items()}
    allowed = 3 * cpu["empty"] + 4
    print(f"register of {CLASS}: {cpu['register']:.1f} ms of CPU, at most 3 empty views and 4 ms: {allowed:.1f} ms")
    polls = SCHOOLS * SCREENS / EVERY
    quiet = polls * cpu["board, 304"] / 1000
    shown = SCHOOLS * SCREENS / FRESH * cpu["board, 200"] / 1000
    busy = polls * cpu["board, 200"] / 1000
    print(
        f"{SCREENS} screens in each of {SCHOOLS} schools: {polls:.0f} polls a second, {quiet:.1f} cores while nothing"
        f" changes, {shown:.1f} more for one look a minute; {busy:.0f} if something changed before every poll"
    )


def with_an_empty_view(urlconf: str) -> str:
    from django.http import HttpResponse
    from django.urls import include, path

    module = ModuleType("benchmarks.urls")
    module.urlpatterns = [path("empty", lambda request: HttpResponse()), path("", include(urlconf))]  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    return module.__name__


def requests() -> dict[str, Callable[[], Any]]:
    """Returns the requests to measure, by name."""
    from django.test import Client

    from browser.product import place

    here = place(CLASS)
    here.school.time_zone = where_it_is(NINE)
    here.school.save()
    lessons = timetable(here)
    teacher, office = Client(), Client()
    teacher.force_login(here.teacher)
    office.force_login(here.office)
    packed = {"accept-encoding": "gzip"}
    return {
        "empty": lambda: teacher.get("/empty"),
        "today": lambda: teacher.get("/", headers=packed),
        "register": lambda: teacher.get(f"/lessons/{lessons[0].pk}/", headers=packed),
        "day pack": lambda: teacher.get("/day-pack", headers=packed),
        "board": lambda: office.get("/board/", headers=packed),
        "board, 200": lambda: office.get("/board/state", headers=packed),
        "board, 304": Poll(office),
    }


def where_it_is(hour: int) -> str:
    """Returns a zone of whole hours in which it is this hour, so that the day looks the same whenever this runs."""
    ahead = (hour - datetime.now(UTC).hour) % 24
    return f"Etc/GMT{-(ahead if ahead <= 12 else ahead - 24):+d}"  # POSIX signs


class Poll:
    """Polls the board with the version that it saw last."""

    def __init__(self, client: Any) -> None:
        self._client, self._version = client, ""

    def __call__(self) -> Any:
        answer = self._client.get("/board/state", headers={"if-none-match": self._version})
        self._version = answer["ETag"]
        return answer


def timetable(here: Any) -> list[Any]:
    """Makes a timetable and returns the teacher's six current lessons, among sixty: a third has a register, a third has
    marks. The other lessons are at the end of the day. Every pupil is in every class, because these pages do not depend
    on the number of pupils."""
    from django.utils import timezone

    from absences.registers import completion
    from absences.reporting import service, tickets
    from absences.store.reports import Report
    from lessons.models import Lesson, LessonStaff

    own = [here.lesson() for _ in range(6)]
    others = [here.lesson(taught_by=here.colleague) for _ in range(AT_A_TIME - len(own))]
    last = {"start_time": time(23, 58), "end_time": time(23, 59)}
    later = [
        Lesson(school=here.school, group=each.group, subject="Maths", date=each.date, **last).set_instants()
        for each in (*own, *others) * (STARTS - 1)
    ]
    Lesson.objects.bulk_create(later)
    LessonStaff.objects.bulk_create(LessonStaff(school=here.school, lesson=each, user=here.colleague) for each in later)
    now, roster = timezone.now(), [student.pk for student in here.students]
    for number, lesson in enumerate(others):
        claims = tickets.claims_for(here.colleague, lesson, roster, now)
        if number % 3:
            service.report(claims, lesson.pk, [Report(student_id=roster[number % CLASS], code="N")], now)
        if number % 3 == 1:
            completion.complete(here.colleague, lesson.pk, now=now, roster_seen=roster)
    return own


def take_turns(asks: dict[str, Callable[[], Any]]) -> dict[str, list[Cost]]:
    """Runs each in turn, so that other load on the machine affects all alike."""
    costs: dict[str, list[Cost]] = {name: [] for name in asks}
    for turn in range(WARM + ROUNDS):
        for name, ask in asks.items():
            wall, cpu = perf_counter(), process_time()
            answer = ask()
            took = Cost((perf_counter() - wall) * 1e3, (process_time() - cpu) * 1e3)
            assert answer.status_code in (200, 304), (name, answer.status_code)
            if turn >= WARM:
                costs[name].append(took)
    return costs


if __name__ == "__main__":
    sys.exit(main())
