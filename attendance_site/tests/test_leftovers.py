"""The suite relies on this: after a test with transactions of its own, the database is as migrated."""

import pytest
from django.db import connection

from attendance_site.tests import leftovers
from lessons.database import installing, rules
from lessons.factories import LessonFactory
from lessons.models import Lesson, School


@pytest.mark.django_db(transaction=True)
def test_a_sweep_leaves_no_rows_and_every_rule() -> None:
    with leftovers.sweeping() as sweep:
        if sweep is None:
            pytest.skip("This role may not restore the database; the suite flushes it.")
        LessonFactory.create()
        with connection.cursor() as cursor:
            for item in (each for rule in rules.cancellations() for each in rule.installables(connection.vendor)):
                cursor.execute(item.drop)
        assert installing.missing(connection)
        sweep()
    assert not installing.missing(connection)
    assert not School.objects.exists() and not Lesson.objects.exists()
