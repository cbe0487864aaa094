"""Puts rows into a school by another system's ids: created or changed, all or none, in a few statements whatever their
number."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from lessons.errors import Conflict, FieldError, Unprocessable
from lessons.models import School

# Fields that come with a row but are not compared.
SYSTEM = ("id", "school", "source", "external_id", "updated_at")


@dataclass
class Row:
    """An item and its row. `before` holds the current values of what the item changes, or None for a new row."""

    pointer: str
    item: Mapping[str, Any]
    instance: Any
    before: Mapping[str, Any] | None
    touched: bool = False  # something that belongs to the row has changed

    @property
    def is_new(self) -> bool:
        return self.before is None

    @property
    def is_changed(self) -> bool:
        return self.touched or any(getattr(self.instance, name) != value for name, value in (self.before or {}).items())

    def changes(self, name: str) -> bool:
        """Returns whether the item changes this column of an existing row."""
        return name in (self.before or {}) and (self.before or {})[name] != getattr(self.instance, name)

    def error(self, name: str, code: str, detail: Any) -> FieldError:
        return FieldError(f"{self.pointer}/{name}" if name else self.pointer, code, str(detail))


@dataclass
class Outcome:
    created: int
    updated: int
    rows: Sequence[Row]  # the existing rows
    cancelled: int = 0
    unchanged: int = field(init=False)

    def __post_init__(self) -> None:
        self.unchanged = len(self.rows) - self.created - self.updated


class Importer:
    """A table that rows can be put into. `references` are foreign keys that items give as external ids."""

    name: ClassVar[str]
    model: ClassVar[Any]
    references: ClassVar[Mapping[str, Any]] = {}
    derived: ClassVar[tuple[str, ...]] = ()  # columns computed from others

    def __init__(self, school: School, source: str) -> None:
        self.school, self.source = school, source

    def own(self, model: Any, ids: Collection[str]) -> Any:
        """Returns rows of this school and this source."""
        return model.objects.filter(school=self.school, source=self.source, external_id__in=ids)

    def existing(self, ids: Collection[str]) -> Any:
        """Returns the existing rows, locked against deletion, but not their keys, so that a completion does not
        wait."""
        return self.own(self.model, ids).select_for_update(no_key=True).order_by("pk")

    def takes_away(self, item: Mapping[str, Any]) -> bool:
        """Returns whether the item asks for its row to be deleted; it is no error if there is none."""
        return False

    def check(self, rows: Sequence[Row]) -> Iterator[FieldError]:
        """Yields errors in the rows as they would be written, given those of the database."""
        yield from ()

    def sign(self, rows: Sequence[Row]) -> None:
        """Records the author of new and changed rows, in tables that have one."""

    def written(self, rows: Sequence[Row]) -> None:
        """Writes dependent rows, in the same transaction, once the rows have ids."""

    def committed(self, rows: Sequence[Row], now: datetime) -> None:
        """Tells other stores, after the commit."""


def put(importer: Importer, items: Sequence[Mapping[str, Any]], *, now: datetime) -> Outcome:
    """Writes the items. Raises Unprocessable with a pointer for each item that does not fit the current data, and
    Conflict if the database refuses because something else was written at the same time."""
    try:
        with transaction.atomic():
            # One put at a time in a school. The key is not locked, so that writing rows that refer to the school need
            # not wait.
            School.objects.select_for_update(no_key=True).filter(pk=importer.school.pk).first()
            rows = _rows(importer, items)
            importer.sign([row for row in rows if row.is_new or row.is_changed])
            _refuse([error for row in rows for error in _invalid(importer, row)])
            _refuse(list(importer.check(rows)))
            outcome = _write(importer, rows)
            outcome.cancelled = _take_away(importer, items)
    except IntegrityError as error:
        detail = "This conflicts with data written at the same time. Nothing was changed."
        raise Conflict(detail) from error
    importer.committed(rows, now)
    return outcome


def _rows(importer: Importer, items: Sequence[Mapping[str, Any]]) -> list[Row]:
    pointers = [f"/{importer.name}/{index}" for index in range(len(items))]
    _refuse(list(_twice(items, pointers)))
    kept = [(item, pointer) for item, pointer in zip(items, pointers, strict=True) if not importer.takes_away(item)]
    ids = {name: _ids(importer, model, {item[name] for item, _ in kept}) for name, model in importer.references.items()}
    _refuse(
        [
            FieldError(f"{pointer}/{name}", "unknown", f"No {name} of this source has this id in this school.")
            for item, pointer in kept
            for name in importer.references
            if item[name] not in ids[name]
        ]
    )
    existing = {row.external_id: row for row in importer.existing([item["external_id"] for item, _ in kept])}
    columns = {column.name for column in importer.model._meta.concrete_fields} - set(SYSTEM)
    rows = []
    for item, pointer in kept:
        given = {
            f"{name}_id" if name in ids else name: ids[name][value] if name in ids else value
            for name, value in item.items()
            if name in columns
        }
        instance = existing.get(item["external_id"])
        before = instance and {name: getattr(instance, name) for name in given}
        if instance is None:
            instance = importer.model(school=importer.school, source=importer.source, external_id=item["external_id"])
        instance.school = importer.school  # set from memory, to save a query
        for name, value in given.items():
            setattr(instance, name, value)
        rows.append(Row(pointer, item, instance, before))
    return rows


def _twice(items: Sequence[Mapping[str, Any]], pointers: Sequence[str]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for item, pointer in zip(items, pointers, strict=True):
        if item["external_id"] in seen:
            yield FieldError(f"{pointer}/external_id", "duplicate", "This external id is listed twice.")
        seen.add(item["external_id"])


def _ids(importer: Importer, model: Any, external: Collection[str]) -> dict[str, int]:
    return dict(importer.own(model, external).values_list("external_id", "pk"))


def _invalid(importer: Importer, row: Row) -> Iterator[FieldError]:
    """Yields violations of the model's own rules, without a query."""
    keys = {each.name for each in importer.model._meta.concrete_fields if each.is_relation}
    try:
        row.instance.clean()
        row.instance.clean_fields(exclude=keys)
    except ValidationError as error:
        for name, details in error.error_dict.items():
            for detail in details:
                yield row.error("" if name == "__all__" else name, detail.code or "invalid", detail.messages[0])


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise Unprocessable(errors)


def _write(importer: Importer, rows: Sequence[Row]) -> Outcome:
    new = [row for row in rows if row.is_new]
    importer.model.objects.bulk_create([row.instance for row in new])
    importer.written(rows)
    changed = [row for row in rows if not row.is_new and row.is_changed]
    update(importer.model, [row.instance for row in changed], [*_columns(importer, rows), "updated_at"])
    return Outcome(created=len(new), updated=len(changed), rows=rows)


def _take_away(importer: Importer, items: Sequence[Mapping[str, Any]]) -> int:
    """Deletes the rows that items take away; returns how many there were."""
    ids = [item["external_id"] for item in items if importer.takes_away(item)]
    return importer.own(importer.model, ids).delete()[0] if ids else 0


def _columns(importer: Importer, rows: Sequence[Row]) -> list[str]:
    given = {name for row in rows for name in row.before or {}}
    return sorted({importer.model._meta.get_field(name).name for name in given} | set(importer.derived))


def update(model: Any, instances: Sequence[models.Model], columns: Sequence[str]) -> None:
    """Updates in one statement; `bulk_update` would write every column of every row as a CASE of its own."""
    model.objects.bulk_create(instances, update_conflicts=True, unique_fields=["id"], update_fields=columns)
