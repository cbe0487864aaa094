"""The code in `docs/integrators.md` works: its blocks are run as they are, against a server."""

import os
import re
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

from absences.tests.api import due_today
from lessons.factories import CLIENT_SECRET, ApiClientFactory, SchoolFactory, person
from lessons.models import Amendment, ApiClient, Mark, Register, Role, School, Scope

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.wall_clock]

GUIDE = (settings.BASE_DIR / "docs" / "integrators.md").read_text()
BLOCKS = dict(re.findall(r"```(bash|python)\n(.*?)```", GUIDE, re.DOTALL))
RUN = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-W", "error", "-c"]}


@pytest.fixture
def client() -> ApiClient:
    school: School = SchoolFactory.create()
    due_today(school, person(school, Role.TEACHER, "alice"), students=3)
    return ApiClientFactory.create(school=school, scopes="read report complete")


@pytest.mark.parametrize("kind", RUN)
def test_from_nothing_to_a_completed_register(kind: str, client: ApiClient, live_server: Any) -> None:
    said = {"ATTENDANCE": live_server.url, "CLIENT_ID": client.client_id, "CLIENT_SECRET": CLIENT_SECRET}
    ran = subprocess.run(
        [*RUN[kind], BLOCKS[kind]], env=os.environ | said, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    register = Register.objects.get()
    assert register.by_id == client.user_id and not Amendment.objects.exists()
    assert Mark.objects.get().code == ("N" if kind == "bash" else "L")
    assert f"1 register {register.pk}" in ran.stdout if kind == "python" else '"counts"' in ran.stdout


def test_every_scope_is_told() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)) == set(Scope)
