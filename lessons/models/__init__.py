"""Every table of the product."""

from lessons.models.clients import ApiClient, KeptAnswer
from lessons.models.groups import Group
from lessons.models.limits import Tally
from lessons.models.office import Contact, DeskEntry, Notice
from lessons.models.people import Enrolment, Student
from lessons.models.planned import PlannedAbsence
from lessons.models.register import Amendment, FeedCounter, Mark, PurgePermit, Register, RejectedReport
from lessons.models.school import LocalAuthority, Nation, School
from lessons.models.sessions import BrowserSession, RefreshToken, Revocation
from lessons.models.timetable import Lesson, LessonStaff, Session, StaffKind
from lessons.models.users import Membership, User
from lessons.roles import Role, Scope

__all__ = [
    "Amendment",
    "ApiClient",
    "BrowserSession",
    "Contact",
    "DeskEntry",
    "Enrolment",
    "FeedCounter",
    "Group",
    "KeptAnswer",
    "Lesson",
    "LessonStaff",
    "LocalAuthority",
    "Mark",
    "Membership",
    "Nation",
    "Notice",
    "PlannedAbsence",
    "PurgePermit",
    "RefreshToken",
    "Register",
    "RejectedReport",
    "Revocation",
    "Role",
    "School",
    "Scope",
    "Session",
    "StaffKind",
    "Student",
    "Tally",
    "User",
]
