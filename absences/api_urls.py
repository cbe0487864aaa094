from django.urls import path

from absences.api import changes, lessons, registers
from absences.doors import completions, reports
from lessons import converters  # noqa: F401  (registers `id`)

urlpatterns = [
    path("changes", changes.ChangesView.as_view()),
    path("lessons", lessons.LessonsView.as_view()),
    path("lessons/<id:lesson>", lessons.LessonView.as_view()),
    path("lessons/<id:lesson>/absences", reports.AbsencesView.as_view()),
    path("lessons/<id:lesson>/absences/<id:student>", reports.AbsenceView.as_view()),
    path("lessons/<id:lesson>/complete", completions.CompleteView.as_view()),
    path("lessons/<id:lesson>/register", registers.RegisterView.as_view()),
    path("lessons/<id:lesson>/register/amendments", registers.AmendmentsView.as_view()),
    path("lessons/<id:lesson>/register/void", registers.VoidView.as_view()),
]
