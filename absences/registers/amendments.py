"""Changes a register: appends amendments in SQL first, then projects the register to its sheet."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _

from absences.store import transitions
from absences.store.times import as_stored
from lessons import codes
from lessons.database.recording import recording
from lessons.errors import FieldError, NotAllowed, NotFound, OtherMark, StoreUnavailable, Unprocessable
from lessons.models import Amendment, Lesson, Register, User
from lessons.models.base import signature
from lessons.models.permissions import allowed_codes
from lessons.registers.feed import take_numbers
from lessons.registers.state import RegisterState, state_of

log = logging.getLogger(__name__)

Around = Callable[[list[Amendment]], AbstractContextManager[object]]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A student's new code. With `expected_code`, only if that is the current one; "" stands for unmarked."""

    student_id: int
    code: str
    reason: str
    minutes_late: int | None = None
    expected_code: str | None = None


def amend(
    user: User,
    lesson_id: int,
    changes: Sequence[Change],
    *,
    now: datetime,
    source: str = "api",
    around: Around = nullcontext,
) -> list[Amendment]:
    """Appends corrections, all or none. `around` is entered within the transaction, and gets what was appended.

    Raises NotFound (no register that this user may see), NotAllowed, Unprocessable (not on the roster, a code that is
    not the user's, minutes without lateness), OtherMark if `expected_code` is not the current one, and
    StoreUnavailable (Refused if SQL will not write them): then nothing was appended.
    """
    made: list[Amendment] = []
    with recording(), transaction.atomic(), around(made):
        lesson = _locked(user, lesson_id, now)
        before = state_of(lesson.register, nation=lesson.school.nation)
        _check(user, lesson, before, changes)
        made += [
            _row(
                lesson,
                user,
                now,
                source,
                kind=Amendment.Kind.CORRECTION,
                student_id=change.student_id,
                from_code=before.code_of(change.student_id),
                from_minutes_late=before.minutes_of(change.student_id),
                to_code=change.code,
                to_minutes_late=change.minutes_late,
                reason=change.reason,
            )
            for change in changes
        ]
        append(lesson.register, made)
    project(lesson)
    return made


def void(
    user: User, lesson_id: int, reason: str, *, now: datetime, source: str = "api", around: Around = nullcontext
) -> Amendment:
    """Withdraws a register taken by mistake: everyone is unmarked until corrected. `around` and errors are as in
    `amend`."""
    made: list[Amendment] = []
    with recording(), transaction.atomic(), around(made):
        lesson = _locked(user, lesson_id, now)
        made.append(_row(lesson, user, now, source, kind=Amendment.Kind.VOID, reason=reason))
        append(lesson.register, made)
    project(lesson)
    return made[0]


def append(register: Register, rows: Sequence[Amendment]) -> None:
    """Writes the rows as one new revision of a register whose lesson is locked."""
    if not rows:
        return
    numbers = take_numbers({register.school_id: len(rows)})[register.school_id]
    register.rev += 1
    for row in rows:
        row.rev = register.rev
        row.feed_number = next(numbers)
    Amendment.objects.bulk_create(rows)
    register.save(update_fields=["rev", "updated_at"])


def project(lesson: Lesson) -> None:
    """Shows the register's latest revision on the sheet. If a store does not answer, the reconciler does it later: the
    amendment is committed, so the client must not be told to send it again."""
    try:
        register = Register.objects.get(pk=lesson.pk)
        if transitions.project(lesson, register, state_of(register, nation=lesson.school.nation)):
            Register.objects.filter(pk=lesson.pk, projected_rev__lt=register.rev).update(projected_rev=register.rev)
    except (StoreUnavailable, OperationalError, InterfaceError):
        log.warning("The sheet of lesson %s does not show its latest revision yet.", lesson.pk)


def _locked(user: User, lesson_id: int, now: datetime) -> Lesson:
    seen = Lesson.objects.for_user(user, now).filter(pk=lesson_id, register__isnull=False)
    Lesson.objects.filter(pk__in=seen.values("pk")).lock()
    lesson = seen.with_register().first()
    if lesson is None:
        raise NotFound(_("There is no register of this lesson."))
    if not user.access.may_amend(lesson, now):
        raise NotAllowed(_("You may not amend this register, or its time for amending is over."))
    return lesson


def _check(user: User, lesson: Lesson, before: RegisterState, changes: Sequence[Change]) -> None:
    allowed = allowed_codes(user.access.in_school(lesson.school_id).role, lesson)
    errors = []
    for index, change in enumerate(changes):
        pointer = f"/amendments/{index}"
        if change.student_id in {earlier.student_id for earlier in changes[:index]}:
            errors.append(FieldError(f"{pointer}/student_id", "duplicate", _("This student comes twice.")))
        elif change.student_id not in before.roster:
            errors.append(FieldError(f"{pointer}/student_id", "not_on_roster", _("Not on the roster of this lesson.")))
        elif change.code not in allowed:
            errors.append(FieldError(f"{pointer}/code", "unknown_code", _("This is not a code that you may use.")))
        elif change.minutes_late is not None and change.code not in codes.ARRIVAL_CODES:
            detail = _("Minutes late go with the codes L and U only.")
            errors.append(FieldError(f"{pointer}/minutes_late", "not_late", detail))
    if errors:
        raise Unprocessable(errors)
    for change in changes:
        present = before.code_of(change.student_id)
        if change.expected_code is not None and change.expected_code != (present or ""):
            mark = {"student_id": change.student_id, "code": present}
            raise OtherMark(_("The mark has been changed in the meantime."), mark)


def _row(lesson: Lesson, user: User, now: datetime, source: str, **what: object) -> Amendment:
    at = as_stored(now)
    return Amendment(
        school=lesson.school,
        register=lesson.register,
        school_year=lesson.school_year,
        **signature(user, lesson.school_id),
        happened_at=at,
        arrived_at=at,
        source=source,
        **what,
    )
