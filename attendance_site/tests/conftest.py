from collections.abc import Iterator

import pytest
from django.db import connection

from attendance_site.tests.line import Line
from dev.processes import LOOPBACK


@pytest.fixture
def line() -> Iterator[Line]:
    database = connection.settings_dict
    line = Line(database["HOST"] or LOOPBACK, int(database["PORT"] or 5432))
    yield line
    line.cut()
