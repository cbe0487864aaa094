"""Puts lessons and their staff."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from lessons.errors import FieldError, StoreUnavailable
from lessons.imports.putting import Importer, Row, update
from lessons.models import Group, Lesson, LessonStaff, Membership, StaffKind
from lessons.registers import hooks

log = logging.getLogger(__name__)


class Lessons(Importer):
    """Lessons. One with a register keeps the fields that its register depends on; one whose reports were rejected stays
    cancelled. Cancelling follows `lessons/admin/cancelling.py`."""

    name = "lessons"
    model = Lesson
    references = {"group": Group}  # noqa: RUF012
    derived = ("starts_at", "ends_at")
    # By column.
    FIXED: ClassVar = {"group_id": "group"} | {n: n for n in ("date", "start_time", "end_time", "session", "status")}

    def existing(self, ids: Collection[str]) -> Any:
        """Locks the lessons, so that a faster completion or settling is seen."""
        pks = self.own(Lesson, ids).lock()
        return Lesson.objects.filter(pk__in=pks).select_related("register")

    def check(self, rows: Sequence[Row]) -> Iterator[FieldError]:
        for row in rows:
            lesson = row.instance
            for column, name in self.FIXED.items() if not row.is_new and lesson.is_completed else ():
                if row.changes(column):
                    yield row.error(name, "has_register", _("The register of this lesson was taken."))
            if lesson.settled and not lesson.is_cancelled:
                text = _("This lesson stays cancelled: what was reported on it has been rejected.")
                yield row.error("status", "settled", text)
        self.people = self._people(rows)
        for row in rows:
            yield from self._check_staff(row)

    def _people(self, rows: Sequence[Row]) -> dict[str, int]:
        named = {each["user"] for row in rows for each in row.item.get("staff", ())}
        return dict(self.own(Membership, named).values_list("external_id", "user_id")) if named else {}

    def _check_staff(self, row: Row) -> Iterator[FieldError]:
        seen = set()
        for index, each in enumerate(row.item.get("staff", ())):
            user = self.people.get(each["user"])
            if user is None:
                text = _("There is no such person of this source in this school.")
                yield row.error(f"staff/{index}/user", "unknown", text)
            elif user in seen:
                yield row.error(f"staff/{index}/user", "duplicate", _("This person comes twice."))
            seen.add(user)

    def written(self, rows: Sequence[Row]) -> None:
        """Writes the staff. Cover teachers were recorded by this service, and stay."""
        given = {row.instance.pk: row for row in rows if "staff" in row.item}
        present: dict[int, dict[int, LessonStaff]] = defaultdict(dict)
        for staff in LessonStaff.objects.filter(lesson__in=given) if given else ():
            present[staff.lesson_id][staff.user_id] = staff
        new, moved, gone = [], [], []
        for pk, row in given.items():
            wanted = {self.people[each["user"]]: each["kind"] for each in row.item["staff"]}
            for user, kind in wanted.items():
                stands = present[pk].get(user)
                if stands is None:
                    new.append(LessonStaff(school=self.school, lesson_id=pk, user_id=user, kind=kind))
                elif stands.kind != kind:
                    stands.kind = kind
                    moved.append(stands)
            gone += [
                staff for user, staff in present[pk].items() if user not in wanted and staff.kind != StaffKind.COVER
            ]
        for pk in {staff.lesson_id for staff in (*new, *moved, *gone)}:
            given[pk].touched = True
        LessonStaff.objects.filter(pk__in=[staff.pk for staff in gone]).delete()
        update(LessonStaff, moved, ["kind", "updated_at"])
        LessonStaff.objects.bulk_create(new)

    def committed(self, rows: Sequence[Row], now: datetime) -> None:
        """Rejects reports on cancelled lessons. If MongoDB does not answer, or the lesson is more than a day away, the
        reconciler does it later."""
        cancelled = [row.instance.pk for row in rows if row.instance.is_cancelled]
        try:
            hooks.cancel(list(Lesson.objects.unsettled(now).filter(pk__in=cancelled)) if cancelled else [], now)
        except StoreUnavailable:
            log.warning("Reports on %s cancelled lessons are not rejected yet; the reconciler will.", len(cancelled))
