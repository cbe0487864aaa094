from django.urls import path

from absences.views import again, amend, arrival, close, register, today
from lessons import converters  # noqa: F401  (registers `id`)

urlpatterns = [
    path("", today.today, name="today"),
    path("unplaced/", today.unplaced, name="unplaced"),
    path("lessons/<id:lesson>/", register.register, name="register"),
    path("lessons/<id:lesson>/complete", register.complete, name="complete"),
    path("lessons/<id:lesson>/close", close.close, name="close"),
    path("lessons/<id:lesson>/amend/<id:student>", amend.amend, name="amend"),
    path("lessons/<id:lesson>/arrive/<id:student>", arrival.arrive, name="arrive"),
    path("lessons/<id:lesson>/void", amend.void, name="void"),
    path("lessons/<id:lesson>/give-again", again.again, name="give-again"),
]
