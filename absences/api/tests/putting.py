"""Rows of a timetable, as another system puts them."""

from typing import Any

from absences.tests.api import Api

ADA: dict[str, Any] = {"external_id": "s1", "legal_name": "Ada Okafor", "year_group": 8, "on_roll_from": "2020-09-01"}
NINE: dict[str, Any] = {"date": "2026-09-14", "start_time": "09:00", "end_time": "10:00"}
LESSON: dict[str, Any] = {"external_id": "l1", "group": "g1", **NINE}
PLACE: dict[str, Any] = {"external_id": "e1", "student": "s1", "group": "g1", "starts_on": "2026-09-01"}

MIS: dict[str, Any] = {"source": "mis"}


def put(api: Api, name: str, *items: Any, **more: Any) -> Any:
    return api.put(f"/api/v1/{name}", {**MIS, name: list(items), **more})


def pointers(response: Any) -> list[str]:
    return [error["pointer"] for error in response.json()["errors"]]
