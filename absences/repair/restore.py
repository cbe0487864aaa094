"""After a store went back in time: brings back what the other one still has, and overwrites nothing.

What neither store has any more is beyond repair, and is reported.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from absences.registers import amendments, closing, late
from absences.repair.verify import Pair, closed_pages, register_pages, with_rows
from absences.store import sheets, transitions
from absences.store.documents import Sheet, StoredMark
from absences.store.scope import Scope
from absences.store.sheets import Key
from lessons import codes
from lessons.models import Amendment, FeedCounter, Lesson, Register
from lessons.registers.state import state_of

RUNBOOKS = {
    "postgresql": """\
PostgreSQL was restored to an earlier moment. MongoDB still holds the sheets of every lesson that was completed since.
 1. Keep the web processes stopped: a new lesson must not get the number of one that was lost.
 2. Bring the timetable and the people up to date first (import again): reports are merged for lessons that exist.
 3. This command then: leaves a gap of a million in the numbers of every table and of the change feeds, so that none is
    given out twice; makes lost registers again from their sheets; merges late reports again; and appends corrections
    that only the sheets still show, saying that author and reason are lost.
 4. Run it again until it finds nothing, then `reconcile --verify`, then start the web processes.
 5. Tell integrators to read their copy anew. What is listed below needs a person.
""",
    "mongodb": """\
MongoDB was restored to an earlier moment, or lost. SQL holds every register; what was reported since that moment on
lessons that nobody had completed yet is gone from here: devices that are still offline will send theirs again.
 1. Run `manage.py mongo_setup`. The web processes may run.
 2. This command then: makes the missing sheets of registers anew, closes those that are open beside a register (what
    was reported there since is merged as late reports), and shows every register's latest revision.
 3. Run it again until it finds nothing, then `reconcile --verify`.
 4. Ask schools to look at registers of that day that are still to be taken.
""",
}

GAP = 1_000_000


@dataclass
class Restored:
    """How much was brought back; `lost` are sentences about what could not be."""

    registers: int = 0
    late: int = 0
    corrections: int = 0
    sheets: int = 0
    lost: int = 0


def after_postgresql(
    now: datetime, scope: Scope, *, say: Callable[[str], object], advance: Callable[[int], object]
) -> Restored:
    """Raises StoreUnavailable and Django's OperationalError; safe to repeat."""
    done = Restored()
    _leave_a_gap()
    for page in closed_pages(scope):
        for pair in with_rows(page):
            _bring_back(pair, now, done, say)
        advance(len(page))
    return done


def _bring_back(pair: Pair, now: datetime, done: Restored, say: Callable[[str], object]) -> None:
    if why := _beyond_repair(pair):
        done.lost += 1
        say(f"{pair.key}: {why}")
        return
    assert pair.lesson is not None
    if not pair.lesson.is_completed and not pair.lesson.is_cancelled:
        closing.close([pair.sheet], now)
        done.registers += 1
    again = [mark for mark in pair.unmerged() if mark["state"] == "late"]
    done.corrections += _catch_up(pair, again, now)
    done.late += len(again)


def _beyond_repair(pair: Pair) -> str:
    """Returns why a person must look at this sheet, from which nothing is restored; "" if none need to."""
    if pair.lesson is None:
        return "the school has no such lesson."
    if pair.lesson.is_completed or pair.lesson.is_cancelled:
        return ""
    if pair.sheet.get("cancelled"):
        return "the lesson was cancelled, and is scheduled again: cancel it once more."
    return "its register is lost, and its sheet was compacted." if pair.sheet.get("compacted") else ""


def _catch_up(pair: Pair, again: Sequence[StoredMark], now: datetime) -> int:
    """Merges late reports again, then appends the changes that only the sheet shows: amendments that are lost may have
    overtaken some of the reports. Returns how many changes."""
    with transaction.atomic():
        locked = Lesson.objects.filter(pk=pair.key.lesson_id).lock()
        lesson = Lesson.objects.with_register().get(pk__in=locked)
        shown = pair.sheet.get("register_rev", 0)
        is_behind = lesson.is_completed and lesson.register.rev < shown
        if again:
            late.merge(pair.sheet, again)
        if not is_behind:
            return 0
        register = Register.objects.select_related("lesson__school", "lesson__group").get(pk=lesson.pk)
        rows = list(_lost_changes(pair.sheet, register, now))
        register.rev = max(register.rev, shown)  # what follows is newer than anything that the sheet has shown
        amendments.append(register, rows)
        register.save(update_fields=["rev", "updated_at"])
    amendments.project(lesson)
    return len(rows)


def _lost_changes(sheet: Sheet, register: Register, now: datetime) -> Iterator[Amendment]:
    stood = state_of(register, nation=register.lesson.school.nation)
    amended_at = sheet.get("amended_at") or now  # older sheets do not have it
    unstated = set(sheet["unstated"])
    withdrawn = any(stood.code_of(student) is not None for student in unstated)
    if withdrawn:
        yield _recovered(register, amended_at, kind=Amendment.Kind.VOID)
    shown = {mark["student"]: (mark["code"], mark["minutes_late"]) for mark in sheet["marks"]}
    for student in stood.roster:
        before = (None, None) if withdrawn else (stood.code_of(student), stood.minutes_of(student))
        after = shown.get(student, (codes.PRESENT, None))
        if student not in unstated and before != after:
            yield _recovered(
                register,
                amended_at,
                kind=Amendment.Kind.CORRECTION,
                student_id=student,
                from_code=before[0],
                from_minutes_late=before[1],
                to_code=after[0],
                to_minutes_late=after[1],
            )


def _recovered(register: Register, amended_at: datetime, **what: object) -> Amendment:
    """An amendment at the time of the last one that is lost: whatever was reported since then is newer."""
    return Amendment(
        school_id=register.school_id,
        register=register,
        school_year=register.school_year,
        reason=_("Brought back after the database was restored. The author and the reason are lost."),
        by_name=_("Restored"),
        by_position=_("System"),
        happened_at=amended_at,
        arrived_at=amended_at,
        source="restore",
        **what,
    )


def _leave_a_gap() -> None:
    """Leaves a gap in the numbers of every table and feed, so that none given out after the copy is given out again."""
    tables = [model._meta.db_table for model in apps.get_models() if isinstance(model._meta.pk, models.AutoField)]
    with transaction.atomic(), connection.cursor() as cursor:
        for table in tables:
            if connection.vendor == "postgresql":
                sequence = "pg_get_serial_sequence(%s, 'id')"
                cursor.execute(f"SELECT setval({sequence}, nextval({sequence}) + %s)", [table, table, GAP])
            else:
                cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s", [GAP, table])
        FeedCounter.objects.update(last_number=F("last_number") + GAP)


def after_mongodb(now: datetime, scope: Scope, *, advance: Callable[[int], object]) -> Restored:
    """Raises StoreUnavailable and Django's OperationalError; safe to repeat."""
    done = Restored()
    for registers in register_pages(scope):
        for register in registers:
            done.sheets += _show(register, now)
        advance(len(registers))
    return done


def _show(register: Register, now: datetime) -> bool:
    """Brings the register's sheet up to date. Returns whether it was missing, not closed, or behind."""
    lesson = register.lesson
    sheet = sheets.read(Key(register.school_id, register.pk))
    if sheet is None:
        return transitions.rebuild(lesson, register, state_of(register, nation=lesson.school.nation), now)
    if sheet["state"] != "closed":
        closing.close_beside(lesson, now)
        return True
    if sheet["register_rev"] < register.rev:
        amendments.project(lesson)
        return True
    return False
