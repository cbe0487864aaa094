"""Lists refuse unknown parameters: a misspelt filter would return everything."""

import pytest

from attendance_site.tests.doors.asking import routes
from attendance_site.tests.doors.world import World, with_session

pytestmark = pytest.mark.django_db

FIGURES = "api/v1/stats"  # also the address of a page, to which links from elsewhere may add parameters


def test_every_list_refuses_an_unknown_parameter() -> None:
    world = World()
    client, lists = with_session(world.users["office"]), []
    for pattern, method in routes():
        if method != "GET" or not pattern.startswith("api/v1/") or pattern == FIGURES or "<" in pattern:
            continue
        path = f"/{pattern}?school={world.own.school.pk}" if pattern.endswith("changes") else f"/{pattern}"
        answer = client.get(path)
        if answer.status_code != 200 or "results" not in answer.json():
            continue
        lists.append(pattern.removeprefix("api/v1/"))
        joined = f"{path}{'&' if '?' in path else '?'}page_size=5"
        assert client.get(joined).status_code == 200, pattern
        refused = client.get(f"{joined}&no_such=1")
        assert refused.status_code == 400, pattern
        assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [
            ("/no_such", "unknown_field")
        ]
    assert {"lessons", "students", "groups", "enrolments", "planned-absences", "schools", "changes"} <= set(lists)
