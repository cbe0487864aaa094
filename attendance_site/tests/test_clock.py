"""The suite runs at the moment that it claims."""

import os
import time
from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from attendance_site.tests import clock

IMPORTED_AT = timezone.now()
MOMENT = clock.MOMENTS[os.environ.get("TEST_CLOCK") or clock.DEFAULT]
SUITE = 60 * 60  # seconds that a run may take when the clock is not frozen


def test_every_clock_tells_the_moment() -> None:
    moment, slack = (MOMENT, 0) if MOMENT else (timezone.now(), SUITE)
    for told in (timezone.now(), datetime.now(UTC), datetime.fromtimestamp(time.time(), UTC), IMPORTED_AT):
        assert abs((told - moment).total_seconds()) <= slack
    assert date.today() == timezone.now().astimezone().date()  # noqa: DTZ011


@pytest.mark.wall_clock
def test_a_test_that_measures_time_is_not_frozen() -> None:
    began = time.time_ns()
    while time.time_ns() == began:
        pass
    file_is_of = os.stat(os.environ["VAR_DIR"]).st_mtime  # noqa: PTH116
    assert abs(time.time() - file_is_of) < SUITE


def test_the_second_run_is_at_another_moment() -> None:
    chosen = {clock.second(f"{number:040x}") for number in range(len(clock.MOMENTS))}
    assert chosen == set(clock.MOMENTS) - {clock.DEFAULT}
