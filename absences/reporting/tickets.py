"""Register tickets: signed tokens with the roster and the codes that reports on a lesson are checked against.

A ticket is verified by its signature alone. It ends with the day of its issue in the school's zone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from absences.reporting import revocations
from absences.store.documents import StoredMark
from absences.store.reports import Reporter
from lessons import codes
from lessons.accounts import tokens
from lessons.calendar import school_time
from lessons.errors import BadToken, NotAllowed
from lessons.models.permissions import allowed_codes
from lessons.roles import WHOLE_SCHOOL, Role, Scope

if TYPE_CHECKING:
    from lessons.models import Lesson, User
    from lessons.models.planned import Suggested

BY_STUDENT = ("planned", "stood")
NOTHING_PLANNED: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a verified token: who may report, on which lesson, with which codes.

    `lesson_id` and `roster` are None for an access token: it is good for the whole school. By student, `planned` are
    the codes of absences that the school knows of beforehand, which the holder may confirm, and `stood` those that
    were on the sheet, which the holder may put back. `notes` says whether the holder may read the notes of others: not
    every system may.
    """

    by: Reporter
    school_id: int
    codes: frozenset[str]
    lesson_id: int | None = None
    roster: frozenset[int] | None = None
    notes: bool = True
    planned: Mapping[int, str] = field(default_factory=dict)
    stood: Mapping[int, str] = field(default_factory=dict)

    def codes_for(self, student_id: int) -> frozenset[str]:
        """Returns the codes that may be reported for a student."""
        own = {known[student_id] for known in (self.planned, self.stood) if student_id in known}
        return self.codes | own if own else self.codes


def issue(
    user: User,
    lesson: Lesson,
    roster: Sequence[int],
    now: datetime,
    planned: Suggested = NOTHING_PLANNED,
    current: Iterable[StoredMark] = (),
    *,
    sid: str,
) -> str | None:
    """Returns a signed ticket, or None if the user may not take the lesson or its day has not come. `current` are the
    marks on its sheet. The ticket ends with the sign-in that `sid` names ("" for none)."""
    today = school_time.local_date(lesson.school.time_zone, now)
    if lesson.is_cancelled or lesson.date > today or not user.access.may_report(lesson, now):
        return None
    acting = user.access.in_school(lesson.school_id)
    allowed = allowed_codes(acting.role, lesson)
    known = _codes(planned, roster)
    stood = _stood(current, roster, allowed, known)
    by_student = {"planned": _keyed(known), "stood": _keyed(stood)}
    claims = {
        "sub": str(user.pk),
        "name": user.name,
        "position": acting.position,
        "school": lesson.school_id,
        "nation": lesson.school.nation,
        "lesson": lesson.pk,
        "date": lesson.date.isoformat(),
        "role": acting.role.value,
        "codes": sorted(allowed),
        "starts_at": lesson.starts_at.isoformat(),
        "closes_at": lesson.closes_at.isoformat(),
        "roster": list(roster),
        "notes": Scope.NOTES in acting.scopes,
        **({"sid": sid} if sid else {}),
    }
    ends = school_time.end_of_day(lesson.school.time_zone, today)
    signed = tokens.sign("ticket", claims | by_student, now=now, expires_at=ends)
    # In a very large lesson, the codes of single pupils would make the ticket longer than servers accept.
    for name in reversed(BY_STUDENT):
        if len(signed) > tokens.LONGEST:
            by_student[name] = {}
            signed = tokens.sign("ticket", claims | by_student, now=now, expires_at=ends)
    return signed


def _stood(
    current: Iterable[StoredMark], roster: Collection[int], allowed: Collection[str], known: Mapping[int, str]
) -> dict[int, str]:
    """Returns the codes on the sheet that the holder may report again, though not choose: the office's, say."""
    on_roster = frozenset(roster)
    return {
        mark["student"]: mark["code"]
        for mark in current
        if mark["student"] in on_roster and mark["code"] not in {*allowed, known.get(mark["student"])}
    }


def _keyed(codes: Mapping[int, str]) -> dict[str, str]:
    """Returns the codes with strings for keys, as JSON has them."""
    return {str(student): code for student, code in codes.items()}


def claims_for(
    user: User,
    lesson: Lesson,
    roster: Sequence[int],
    now: datetime,
    planned: Suggested = NOTHING_PLANNED,
) -> Claims:
    """Returns the claims that a ticket would have, for pages, which have read SQL already. Raises NotAllowed."""
    if not user.access.may_report(lesson, now):
        raise NotAllowed(_("You may not take this register."))
    acting = user.access.in_school(lesson.school_id)
    by = Reporter(user.pk, user.name, acting.position, acting.role.value)
    return Claims(
        by,
        lesson.school_id,
        allowed_codes(acting.role, lesson),
        lesson.pk,
        frozenset(roster),
        planned=_codes(planned, roster),
    )


def _codes(planned: Suggested, roster: Sequence[int]) -> dict[int, str]:
    return {student: planned[student] for student in roster if student in planned}


def verify(token: str, now: datetime) -> Claims:
    """Returns the claims of a ticket, or of an access token that may report for its whole school.

    Raises BadToken, and NotAllowed for access tokens of other roles.
    """
    signed = tokens.verify(token, "ticket", "access")
    access = signed["typ"] == "access"
    claims = _of_access(tokens.access_claims(signed), now) if access else _of_ticket(signed)
    revocations.check(
        claims.by.user_id, tokens.issued_at(signed), sid=signed.get("sid", ""), lesson_id=claims.lesson_id
    )
    return claims


def _of_ticket(claims: Mapping[str, Any]) -> Claims:
    try:
        name, position = (tokens.typed(claims, each, str) for each in ("name", "position"))
        return Claims(
            Reporter(tokens.user_id(claims), name, position, Role(claims["role"]).value),
            tokens.row_id(claims, "school"),
            frozenset(tokens.typed(claims, "codes", list)),
            tokens.row_id(claims, "lesson"),
            frozenset(map(int, tokens.typed(claims, "roster", list))),
            tokens.typed(claims, "notes", bool),
            # Tickets of a day on which these came new have none.
            **{each: {int(pk): str(code) for pk, code in claims.get(each, {}).items()} for each in BY_STUDENT},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadToken("The ticket lacks a claim.") from error


def _of_access(claims: tokens.AccessClaims, now: datetime) -> Claims:
    role = next((role for role in WHOLE_SCHOOL if role in claims.roles), None)
    if claims.school_id is None or claims.nation is None or role is None:
        raise NotAllowed("Teachers report with a register ticket: it comes with GET /api/v1/lessons/{lesson}.")
    if Scope.REPORT not in claims.scopes:
        raise NotAllowed("This needs the scope “report”.")
    allowed = frozenset(codes.code_set(claims.nation, now.date()).codes)
    by = Reporter(claims.user_id, claims.name, claims.position, role.value)
    return Claims(by, claims.school_id, allowed, notes=Scope.NOTES in claims.scopes)
