from django.urls import include, path

from absences.doors import register
from absences.office.board import views as board
from absences.office.calls import views as calls
from absences.office.evacuation import views as evacuation
from absences.office.evidence import views as evidence
from absences.office.follow_up import views as follow_up
from absences.office.front_desk import views as front_desk
from absences.office.notices import views as notices
from absences.office.planned import views as planned
from absences.office.search import views as search
from absences.pupil import views as student
from absences.taking import amend, arrive, close, correct, device, today
from lessons import converters  # noqa: F401  (registers `id`)

of_lesson = [
    path("", register.register, name="register"),
    path("complete", register.complete, name="complete"),
    path("someone-else", notices.someone_else, name="someone-else"),
    path("close", close.close, name="close"),
    path("amend/<id:student>", amend.amend, name="amend"),
    path("arrive/<id:student>", arrive.arrive, name="arrive"),
    path("void", amend.void, name="void"),
    path("correct", correct.correct, name="correct"),
    path("give-again", correct.again, name="give-again"),
    path("evidence", evidence.lesson_page, name="evidence"),
    path("evidence.csv", evidence.lesson_csv, name="evidence-csv"),
]

urlpatterns = [
    path("lessons/<id:lesson>/", include(of_lesson)),
    path("", today.today, name="today"),
    path("session", device.session, name="session"),
    path("day-pack", device.pack, name="day-pack"),
    path("shell/register", device.shell, {"name": "register"}, name="shell-register"),
    path("shell/today", device.shell, {"name": "today"}, name="shell-today"),
    path("service-worker.js", device.service_worker, name="service-worker"),
    path("unplaced/", today.unplaced, name="unplaced"),
    path("board/", board.page, name="board"),
    path("board/state", board.state, name="board-state"),
    path("board/remind/<id:lesson>", board.remind, name="remind"),
    path("notices/<id:notice>/done", notices.done, name="notice-done"),
    path("evacuation/", evacuation.page, name="evacuation"),
    path("search", search.page, name="search"),
    path("follow-up/", follow_up.page, name="follow-up"),
    path("follow-up/<id:student>", follow_up.explain, name="explain"),
    path("follow-up/calls", calls.page, name="calls"),
    path("follow-up/calls/<id:student>", calls.note_down, name="note-call"),
    path("front-desk/", front_desk.page, name="front-desk"),
    path("front-desk/<id:student>/in", front_desk.sign_in, name="sign-in"),
    path("front-desk/<id:student>/out", front_desk.sign_out, name="sign-out"),
    path("planned-absences/", planned.plans, name="planned"),
    path("planned-absences/add", planned.choose, name="plan-choose"),
    path("planned-absences/add/<id:student>", planned.add, name="plan-add"),
    path("planned-absences/<id:plan>", planned.change, name="plan-change"),
    path("planned-absences/<id:plan>/delete", planned.delete, name="plan-delete"),
    path("students/<id:student>/", student.page, name="student"),
    path("students/<id:student>/evidence", evidence.student_page, name="student-evidence"),
    path("students/<id:student>/evidence.csv", evidence.student_csv, name="student-evidence-csv"),
]
