"""The roles of people and the scopes of other systems. Imports nothing of ours."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    TEACHER = "teacher", _("Teacher")
    OFFICE = "office", _("Office")
    ADMIN = "admin", _("Admin")
    INTEGRATOR = "integrator", _("Integrator")
    OPERATOR = "operator", _("Operator")


class Scope(models.TextChoices):
    """What another system may do in its school."""

    READ = "read", _("Read: lists, registers, statistics, changes")
    NOTES = "notes", _("Notes: what people wrote beside a mark, a change or a planned absence")
    UPNS = "upns", _("UPNs: the pupils’ national numbers")
    REPORT = "report", _("Report absences")
    COMPLETE = "complete", _("Complete lessons")
    AMEND = "amend", _("Amend registers")
    TIMETABLE = "timetable", _("Timetable: put students, groups, enrolments, lessons and planned absences")


# What people may do besides what their role decides. The office also reads UPNs, and an admin may do everything.
PEOPLE_MAY = frozenset(Scope) - {Scope.TIMETABLE, Scope.UPNS}
# An integrator who signs in with a password; one with a client id has the scopes of that client.
INTEGRATOR_MAY = frozenset({Scope.READ, Scope.REPORT, Scope.COMPLETE})

# From the widest to the narrowest: who holds several in one school acts by the first of them.
WHOLE_SCHOOL = (Role.ADMIN, Role.OFFICE, Role.INTEGRATOR)
