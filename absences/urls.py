from django.urls import path

from absences.views import amend, register, today
from lessons import converters  # noqa: F401  (registers `id`)

urlpatterns = [
    path("", today.today),
    path("unplaced/", today.unplaced),
    path("lessons/<id:lesson>/", register.register),
    path("lessons/<id:lesson>/complete", register.complete),
    path("lessons/<id:lesson>/amend/<id:student>", amend.amend),
    path("lessons/<id:lesson>/void", amend.void),
]
