"""A process of reporters, comparable to a web process: its threads report without a pause through the product's own
code, and each keeps a journal of acknowledged and refused reports. `failover` starts it, and it ends with `failover`.

    python -m drills.reporters FOLDER NUMBER FIRST_LESSON WRITE_CONCERN
"""

import itertools
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from uuid import uuid4

import django
from pymongo.write_concern import WriteConcern

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attendance_site.settings")
django.setup()  # the product's modules can be imported only afterwards

from absences.reporting import service  # noqa: E402
from absences.reporting.tickets import Claims  # noqa: E402
from absences.store import mongo  # noqa: E402
from absences.store.reports import Report, Reporter  # noqa: E402
from lessons.errors import StoreUnavailable  # noqa: E402

THREADS = 4
SCHOOL = 7
PAUSE = 0.1  # seconds before a refused report is repeated; clients wait for the second that `Retry-After` names

# Reports of one reporter on one sheet: all together stay below the 200 that its log keeps.
A_SHEET = 20

stopped = threading.Event()


def main(folder: Path, process: int, first_lesson: int, write_concern: str) -> None:
    if write_concern != "majority":  # the product always uses majority; a weaker one shows that the drill would notice
        mongo.MAJORITY = WriteConcern(w=int(write_concern))
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    numbers = range(process * THREADS, (process + 1) * THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        for ended in as_completed(pool.submit(keep_reporting, folder, number, first_lesson) for number in numbers):
            stopped.set()
            ended.result()


def keep_reporting(folder: Path, number: int, first_lesson: int) -> None:
    """Reports without a pause. A journal's line is: 1 for acknowledged or 0 for refused, when, after how many seconds,
    the report."""
    claims = Claims(Reporter(100 + number, "Alice Lee", "Teacher", "teacher"), SCHOOL, frozenset("N"))
    with (folder / f"journal-{number}").open("a", buffering=1) as journal:
        for count in itertools.count():
            lesson, student = first_lesson + count // A_SHEET, 1 + (count + number) % 30
            report = Report(student_id=student, code="N", report_id=uuid4(), device=f"drill-{number}", sequence=count)
            accepted = False
            while not accepted:
                began = monotonic()
                accepted = is_accepted(claims, lesson, report)
                journal.write(f"{accepted:d} {monotonic()} {monotonic() - began} {report.report_id}\n")
                if stopped.wait(0 if accepted else PAUSE):
                    return


def is_accepted(claims: Claims, lesson: int, report: Report) -> bool:
    try:
        [stored] = service.report(claims, lesson, [report], datetime.now(UTC))
    except StoreUnavailable:
        return False
    assert stored.state == "provisional", stored.state
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
