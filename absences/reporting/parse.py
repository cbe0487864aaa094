"""Checks reports as they come in, each by itself. Asks no store."""

import re
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime
from typing import Any, TypeGuard
from uuid import UUID

from django.utils.dateparse import parse_datetime

from absences.store.reports import MAX_NOTE, Report
from lessons import codes
from lessons.converters import MAX_ID
from lessons.errors import FieldError, InvalidInput, escaped

MAX_SEQUENCE = 2**53 - 1
MAX_REPORTS_A_REQUEST = 200
DEVICE = re.compile(r"[A-Za-z0-9_-]{1,36}")
NO_SUCH_FIELD = "There is no such field."
FIELDS = frozenset({"code", "minutes_late", "note", "report_id", "device", "sequence", "replaces", "reported_at"})


class _Wrong(Exception):
    """One wrong field, with its stable code and a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


def parse(data: Any, student_id: int, allowed: Set[str], pointer: str = "") -> Report:
    """Returns the report in a parsed JSON object. Raises InvalidInput with the pointer of every wrong field."""
    if not isinstance(data, Mapping):
        raise InvalidInput([FieldError(pointer, "not_an_object", "A report is a JSON object.")])
    readers = {
        "code": lambda value: _code(value, allowed),
        "minutes_late": lambda value: _minutes_late(value, data.get("code", codes.ABSENT)),
        "note": _note,
        "report_id": _uuid,
        "device": lambda value: _device(value, data.get("sequence")),
        "sequence": lambda value: _sequence(value, data.get("device")),
        "replaces": lambda value: None if value is None else _uuid(value),
        "reported_at": _time,
    }
    fields: dict[str, Any] = {"code": codes.ABSENT}
    errors = [
        FieldError(f"{pointer}/{escaped(name)}", "unknown_field", NO_SUCH_FIELD)
        for name in data
        if name not in FIELDS and name != "student_id"
    ]
    for name, read in readers.items():
        if name in data and (data[name] is not None or name == "replaces"):
            try:
                fields[name] = read(data[name])
            except _Wrong as wrong:
                errors.append(FieldError(f"{pointer}/{name}", wrong.code, wrong.detail))
    if "code" in data and data["code"] is None:
        errors.append(FieldError(f"{pointer}/code", "null", "A report has a code."))
    if errors:
        raise InvalidInput(errors)
    return Report(student_id=student_id, **fields)


def parse_many(data: Any, allowed: Callable[[int], Set[str]]) -> list[Report]:
    """Returns the 1 to 200 reports in `{"absences": [...]}`; `allowed` gives the codes that may be reported of a
    student.

    Raises InvalidInput with everything that is wrong in any of them."""
    items = data.get("absences") if isinstance(data, Mapping) else None
    if not isinstance(items, list):
        raise InvalidInput([FieldError("/absences", "required", "A list of absences is required.")])
    if len(data) > 1:
        unknown = sorted(data.keys() - {"absences"})
        raise InvalidInput([FieldError(f"/{escaped(name)}", "unknown_field", NO_SUCH_FIELD) for name in unknown])
    if not 1 <= len(items) <= MAX_REPORTS_A_REQUEST:
        raise InvalidInput([FieldError("/absences", "length", f"Send 1 to {MAX_REPORTS_A_REQUEST} absences.")])
    reports: list[Report] = []
    errors: list[FieldError] = []
    seen: set[int] = set()
    for index, item in enumerate(items):
        pointer = f"/absences/{index}"
        try:
            student_id = _student(item, pointer, seen)
            reports.append(parse(item, student_id, allowed(student_id), pointer))
        except InvalidInput as error:
            errors.extend(error.errors)
    if errors:
        raise InvalidInput(errors)
    return reports


def is_id(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_ID


def _student(item: Any, pointer: str, seen: set[int]) -> int:
    student_id = item.get("student_id") if isinstance(item, Mapping) else None
    if not is_id(student_id):
        raise InvalidInput([FieldError(f"{pointer}/student_id", "not_an_id", "A student id is a whole number from 1.")])
    if student_id in seen:
        raise InvalidInput([FieldError(f"{pointer}/student_id", "duplicate", "This student comes twice.")])
    seen.add(student_id)
    return student_id


def _code(value: Any, allowed: Set[str]) -> str:
    if not isinstance(value, str):
        raise _Wrong("not_a_string", "A code is a string.")
    if value in codes.PRESENT_CODES:
        return codes.PRESENT
    if value not in allowed:
        raise _Wrong("unknown_code", "This is not a code that you may use.")
    return value


def _minutes_late(value: Any, code: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= codes.MAX_MINUTES_LATE:
        raise _Wrong("out_of_range", f"Minutes late are a whole number from 0 to {codes.MAX_MINUTES_LATE}.")
    if not isinstance(code, str) or code not in codes.ARRIVAL_CODES:
        raise _Wrong("not_late", "Minutes late go with the codes L and U only.")
    return value


def _note(value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong("not_a_string", "A note is a string.")
    if len(value) > MAX_NOTE:
        raise _Wrong("too_long", f"A note has at most {MAX_NOTE} characters.")
    return value


def _uuid(value: Any) -> UUID:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise _Wrong("not_a_uuid", "This is not a UUID.") from None


def _device(value: Any, sequence: Any) -> str:
    if not isinstance(value, str) or not DEVICE.fullmatch(value):
        raise _Wrong("not_a_device", "A device is 1 to 36 of A-Z, a-z, 0-9, _ and -.")
    if sequence is None:
        raise _Wrong("without_sequence", "A device goes with a sequence.")
    return value


def _sequence(value: Any, device: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_SEQUENCE:
        raise _Wrong("out_of_range", "A sequence is a whole number from 0 to 2^53 − 1.")
    if device is None:
        raise _Wrong("without_device", "A sequence goes with a device.")
    return value


def _time(value: Any) -> datetime:
    try:
        parsed = parse_datetime(value) if isinstance(value, str) else None
        if parsed is not None and parsed.tzinfo is not None and 2000 <= parsed.year < 2100:
            return parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _Wrong("not_a_time", "A time is ISO 8601 with its offset from UTC, of this century.")
