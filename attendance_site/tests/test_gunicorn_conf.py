"""Limits of the server in front of the product."""

import subprocess
import sys
from urllib.parse import urlencode
from uuid import UUID

from absences.store.reports import MAX_NOTE
from attendance_site import gunicorn_conf
from lessons.converters import MAX_ID


def test_the_longest_request_line_that_is_right_passes() -> None:
    """A DELETE with the longest note, in letters beyond the basic plane: each takes twelve bytes in an address."""
    mark = UUID(int=2**128 - 1)
    said = {"note": "\U0001f600" * MAX_NOTE, "report_id": mark, "replaces": mark, "device": "d" * 36}
    query = urlencode({**said, "sequence": 2**53 - 1, "reported_at": "2026-09-14T08:00:00.000000+01:00"})
    line = f"DELETE /api/v1/lessons/{MAX_ID}/absences/{MAX_ID}?{query} HTTP/1.1\r\n"
    assert len(line) <= gunicorn_conf.limit_request_line <= 8190, "neither gunicorn nor nginx takes more"


def test_what_is_loaded_is_never_looked_through_again() -> None:
    """All pages are loaded at the start, and collections afterwards take no time."""
    says = (
        "import attendance_site.wsgi, gc, sys; print('absences.doors.register' in sys.modules, len(gc.get_objects()))"
    )
    said = subprocess.run([sys.executable, "-c", says], capture_output=True, text=True, check=True).stdout.split()
    assert said[0] == "True"
    assert int(said[1]) < 5000, "more than a hundred thousand are loaded"
