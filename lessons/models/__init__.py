"""Every table of the product."""

from lessons.access import Role, Scope
from lessons.models.clients import ApiClient, KeptAnswer
from lessons.models.limits import Tally
from lessons.models.people import Membership, RefreshToken, Revocation, Student, User
from lessons.models.register import Amendment, FeedCounter, Mark, PurgePermit, Register, RejectedReport
from lessons.models.school import LocalAuthority, Nation, School
from lessons.models.sessions import BrowserSession
from lessons.models.timetable import Enrolment, Group, Lesson, LessonStaff, Session, StaffKind

__all__ = [
    "Amendment",
    "ApiClient",
    "BrowserSession",
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
