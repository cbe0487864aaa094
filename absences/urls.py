from django.urls import path

from absences.views import again, amend, arrival, close, device, evidence, register, today
from lessons import converters  # noqa: F401  (registers `id`)

urlpatterns = [
    path("", today.today, name="today"),
    path("session", device.session, name="session"),
    path("day-pack", device.pack, name="day-pack"),
    path("shell/register", device.shell, {"name": "register"}, name="shell-register"),
    path("shell/today", device.shell, {"name": "today"}, name="shell-today"),
    path("service-worker.js", device.service_worker, name="service-worker"),
    path("unplaced/", today.unplaced, name="unplaced"),
    path("lessons/<id:lesson>/", register.register, name="register"),
    path("lessons/<id:lesson>/complete", register.complete, name="complete"),
    path("lessons/<id:lesson>/close", close.close, name="close"),
    path("lessons/<id:lesson>/amend/<id:student>", amend.amend, name="amend"),
    path("lessons/<id:lesson>/arrive/<id:student>", arrival.arrive, name="arrive"),
    path("lessons/<id:lesson>/void", amend.void, name="void"),
    path("lessons/<id:lesson>/give-again", again.again, name="give-again"),
    path("lessons/<id:lesson>/evidence", evidence.lesson_page, name="evidence"),
    path("lessons/<id:lesson>/evidence.csv", evidence.lesson_csv, name="evidence-csv"),
    path("students/<id:student>/evidence", evidence.student_page, name="student-evidence"),
    path("students/<id:student>/evidence.csv", evidence.student_csv, name="student-evidence-csv"),
]
