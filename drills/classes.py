"""Makes lessons that are due, and prints as JSON what their teacher's devices hold: tickets, a token, a session.

python -m drills.classes COUNT
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attendance_site.settings")
django.setup()  # the product's modules can be imported only afterwards

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from absences.reporting import tickets  # noqa: E402
from absences.tests.api import due_today  # noqa: E402
from lessons.accounts import authentication  # noqa: E402
from lessons.factories import EnrolmentFactory, GroupFactory, SchoolFactory, person  # noqa: E402
from lessons.models import Role  # noqa: E402


def main(count: int) -> None:
    now = timezone.now()
    school = SchoolFactory.create()
    teacher = person(school, Role.TEACHER, "alice", name="Alice Lee")
    group = GroupFactory.create(school=school)
    roster = [enrolment.student_id for enrolment in EnrolmentFactory.create_batch(30, group=group)]
    lessons = [due_today(school, teacher, group=group, students=0) for _ in range(count)]
    browser = Client()
    browser.force_login(teacher)
    made = {
        "roster": roster,
        "tickets": {lesson.pk: tickets.issue(teacher, lesson, roster, now, sid="") for lesson in lessons},
        "access": authentication.token_pair(teacher, school.pk, now=now)["access"],
        "cookie": f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}",
    }
    json.dump(made, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
