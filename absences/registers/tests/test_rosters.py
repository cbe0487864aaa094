"""The roster of a merge, which Python works out for a whole batch, is the one that SQL gives for a lesson."""

from datetime import date, timedelta
from itertools import product

import pytest

from absences.registers import merging
from lessons.factories import EnrolmentFactory, GroupFactory, LessonFactory, StudentFactory
from lessons.models import Student

pytestmark = pytest.mark.django_db

DAY = date(2026, 9, 14)
STARTS = (DAY - timedelta(days=1), DAY, DAY + timedelta(days=1))
ENDS = (None, *STARTS)


def test_both_ways_to_a_roster_agree_on_every_order_of_the_dates() -> None:
    lesson = LessonFactory.create(date=DAY, group=GroupFactory.create(), students=0)
    for starts, ends, joined, left in product(STARTS, ENDS, STARTS, ENDS):
        if all(end is None or first <= end for first, end in ((starts, ends), (joined, left))):
            student = StudentFactory.create(school=lesson.school, on_roll_from=joined, on_roll_until=left)
            EnrolmentFactory.create(group=lesson.group, student=student, starts_on=starts, ends_on=ends)
    by_sql = sorted(student.pk for student in Student.objects.enrolled(lesson.group_id, DAY))
    assert merging._rosters([lesson]) == {lesson.pk: by_sql}
    assert 0 < len(by_sql) < Student.objects.count()
