"""The validator knows a mark by the types in `documents.py`, and lets no other one pass."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from absences.store import mongo, schema
from absences.store.documents import Sheet, StoredMark
from absences.store.reports import Report, Reporter, mark_of
from lessons.errors import StoreUnavailable

NOW = datetime(2026, 9, 14, 9, tzinfo=UTC)
MARK = mark_of(Report(student_id=5, code="N"), Reporter(3, "Olive Grant", "Office", "office"), NOW, "provisional")
SHEET: Sheet = {
    "_id": "7:9",
    "school": 7,
    "lesson": 9,
    "v": 1,
    "state": "open",
    "rev": 1,
    "late_rev": 0,
    "late_pending": False,
    "created_at": NOW,
    "absences": {"s5": MARK},
}


def insert(**fields: Any) -> None:
    with mongo.answering():
        mongo.sheets().insert_one(cast(Sheet, {**SHEET, **fields}))


def test_the_types_and_the_validator_name_the_same_fields() -> None:
    mark = schema.SHEET["properties"]["absences"]["patternProperties"]["^s[1-9][0-9]*$"]
    assert set(mark["required"]) == set(mark["properties"]) == set(StoredMark.__annotations__)
    assert set(schema.SHEET["required"]) == Sheet.__required_keys__
    assert schema.SHEET["properties"].keys() <= Sheet.__required_keys__ | Sheet.__optional_keys__


def test_a_sheet_with_a_mark_is_taken() -> None:
    insert()
    assert mongo.sheets().find_one() == SHEET


@pytest.mark.parametrize("field", sorted(StoredMark.__annotations__))
def test_a_mark_that_lacks_a_field_is_refused(field: str) -> None:
    with pytest.raises(StoreUnavailable):
        insert(absences={"s5": {name: value for name, value in MARK.items() if name != field}})


@pytest.mark.parametrize("field", sorted(StoredMark.__annotations__))
def test_a_field_of_another_type_is_refused(field: str) -> None:
    with pytest.raises(StoreUnavailable):
        insert(absences={"s5": {**MARK, field: [1]}})


@pytest.mark.parametrize("field", sorted(Sheet.__required_keys__ - {"_id"}))
def test_a_sheet_that_lacks_a_field_is_refused(field: str) -> None:
    with pytest.raises(StoreUnavailable), mongo.answering():
        mongo.sheets().insert_one(cast(Sheet, {name: value for name, value in SHEET.items() if name != field}))


@pytest.mark.parametrize("key", ["9", "7:x", "07:9"])
def test_a_key_of_another_form_is_refused(key: str) -> None:
    with pytest.raises(StoreUnavailable):
        insert(_id=key)
