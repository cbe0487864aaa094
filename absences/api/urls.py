from django.urls import path

from absences.api import changes, lessons, registers, reporting
from lessons import converters  # noqa: F401  (registers `id`)

urlpatterns = [
    path("changes", changes.ChangesView.as_view()),
    path("lessons", lessons.LessonsView.as_view()),
    path("lessons/<id:lesson>", lessons.LessonView.as_view()),
    path("lessons/<id:lesson>/absences", reporting.AbsencesView.as_view()),
    path("lessons/<id:lesson>/absences/<id:student>", reporting.AbsenceView.as_view()),
    path("lessons/<id:lesson>/complete", registers.CompleteView.as_view()),
    path("lessons/<id:lesson>/register", registers.RegisterView.as_view()),
    path("lessons/<id:lesson>/register/amendments", registers.AmendmentsView.as_view()),
    path("lessons/<id:lesson>/register/void", registers.VoidView.as_view()),
]
