"""A valid body for each API address that takes one, so that permitted users succeed."""

from typing import Any

from attendance_site.tests.doors.world import Place

# Addresses that need a lesson with a register; the others get a lesson that is due.
OF_TAKEN = ("register", "amend/", "arrive/", "void", "correct", "give-again", "evidence")


def is_of_taken(pattern: str) -> bool:
    return any(part in pattern for part in OF_TAKEN)


def body(pattern: str, method: str, place: Place) -> Any:
    student, dated = place.student.pk, {"date": "2026-09-14", "start_time": "09:00", "end_time": "10:00"}
    ada = {"external_id": "s1", "legal_name": "Ada", "year_group": 8, "on_roll_from": "2020-09-01"}
    own = place.student.source
    known = {"student": place.student.external_id, "group": f"{own}-g"}
    bodies: dict[str, Any] = {
        "POST token": {"username": "nobody", "password": "guess"},
        "POST token/refresh": {"refresh": "x"},
        "POST token/revoke": {"refresh": "x"},
        "PUT students": {"source": own, "students": [ada]},
        "PUT groups": {"source": own, "groups": [{"external_id": "g1", "name": "8B"}]},
        "PUT enrolments": {
            "source": own,
            "enrolments": [{"external_id": "e1", "starts_on": "2030-09-01", **known}],
        },
        "PUT planned-absences": {
            "source": own,
            "planned_absences": [
                {
                    "external_id": "p1",
                    "student": f"{own}-s",
                    "first_day": "2030-09-02",
                    "last_day": "2030-09-02",
                    "code": "M",
                }
            ],
        },
        "PUT lessons": {"source": own, "lessons": [{"external_id": "l1", "group": f"{own}-g", **dated}]},
        "POST lessons/<id:lesson>/absences": {"absences": [{"student_id": student}]},
        "PUT lessons/<id:lesson>/absences/<id:student>": {"code": "N"},
        "POST lessons/<id:lesson>/complete": {},
        "POST lessons/<id:lesson>/register/amendments": {"student_id": student, "code": "/", "reason": "Came"},
        "POST lessons/<id:lesson>/register/void": {"reason": "Wrong class"},
    }
    return bodies[f"{method} {pattern.removeprefix('api/v1/')}"]
