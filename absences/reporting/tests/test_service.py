"""Reports of several people on one sheet, in the orders in which they may arrive."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from absences.registers import completion
from absences.registers.amendments import Change, amend
from absences.registers.late import merge_late
from absences.reporting import service
from absences.reporting.tickets import Claims
from absences.store import mongo, sheets, transitions
from absences.store.marks import current_marks
from absences.store.reports import Report, Stored
from absences.store.sheets import Key
from absences.tests.threads import at_once
from lessons.errors import NotFound, StoreUnavailable, Unprocessable
from lessons.models import Amendment, Lesson, Mark, Register, RejectedReport, User
from lessons.registers.state import state_of

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def say(claims: Claims, lesson: Lesson, student: int, code: str, now: datetime, **fields: object) -> Stored:
    return service.report_one(claims, lesson.pk, Report(student_id=student, code=code, **fields), now)  # type: ignore[arg-type]


def codes_on_sheet(lesson: Lesson) -> dict[int, str]:
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    return {mark["student"]: mark["code"] for mark in current_marks(sheet)}


def test_an_older_report_of_a_device_changes_nothing(
    claims: Claims, colleague_claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    say(claims, lesson, roster[0], "N", now, device="phone", sequence=2)
    say(colleague_claims, lesson, roster[0], "L", now + SECOND, device="desk", sequence=1)
    old = say(claims, lesson, roster[0], "/", now + 2 * SECOND, device="phone", sequence=1)
    assert (old.state, old.mark["code"], old.mark["by_name"]) == ("superseded", "L", "Bob Nowak")
    assert codes_on_sheet(lesson) == {roster[0]: "L"}


@pytest.mark.parametrize(("minutes", "kept"), [(-60, -60), (0, 0), (60, 0)])
def test_nobody_reports_in_the_future(
    claims: Claims, lesson: Lesson, roster: list[int], now: datetime, minutes: int, kept: int
) -> None:
    """A slow clock looks the same as a report that waited for the network."""
    stored = say(claims, lesson, roster[0], "N", now, reported_at=now + minutes * MINUTE)
    assert stored.mark["reported_at"] == now + kept * MINUTE


def test_the_same_report_twice_with_anothers_between(
    claims: Claims, colleague_claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    once = {"report_id": uuid4()}
    say(claims, lesson, roster[0], "N", now, **once)
    say(colleague_claims, lesson, roster[0], "L", now + SECOND)
    again = say(claims, lesson, roster[0], "N", now + 2 * SECOND, **once)
    assert (again.state, again.mark["code"], again.mark["at"]) == ("provisional", "N", now), "the earlier answer"
    assert codes_on_sheet(lesson) == {roster[0]: "L"}


def test_a_report_id_with_another_content_is_refused(
    claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    once = {"report_id": uuid4()}
    say(claims, lesson, roster[0], "N", now, **once)
    with pytest.raises(Unprocessable):
        say(claims, lesson, roster[0], "L", now, **once)
    say(claims, lesson, roster[1], "L", now, **once)  # it is unique for a student
    assert codes_on_sheet(lesson) == {roster[0]: "N", roster[1]: "L"}


def test_nobody_forges_anothers_device(
    claims: Claims, colleague_claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    say(colleague_claims, lesson, roster[0], "L", now, device="phone", sequence=2**53 - 1)
    assert say(claims, lesson, roster[0], "N", now, device="phone", sequence=1).state == "provisional"


@pytest.mark.parametrize("saw", ["nothing", "an older mark"])
def test_a_stale_replaces_gets_the_current_mark(
    saw: str, claims: Claims, colleague_claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    first = say(claims, lesson, roster[0], "N", now).mark["report_id"]
    say(colleague_claims, lesson, roster[0], "L", now, replaces=first)
    replaces: UUID | None = None if saw == "nothing" else first
    answered = say(claims, lesson, roster[0], "N", now, replaces=replaces)
    assert (answered.state, answered.mark["by_name"]) == ("conflict", "Bob Nowak")
    assert codes_on_sheet(lesson) == {roster[0]: "L"}


def test_replaces_is_about_others_not_about_oneself(
    claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    say(claims, lesson, roster[0], "N", now)
    assert say(claims, lesson, roster[0], "/", now, replaces=None).state == "provisional"


def test_taking_back_is_a_report_too(claims: Claims, lesson: Lesson, roster: list[int], now: datetime) -> None:
    say(claims, lesson, roster[0], "N", now)
    say(claims, lesson, roster[0], "/", now)
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    assert sheet is not None
    assert [entry["code"] for entry in sheet["log"]] == ["N", "/"]


def test_a_report_after_completion_becomes_an_amendment(
    teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    done = completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    assert say(claims, lesson, roster[0], "N", now + SECOND).state == "late"
    merge_late(Key(lesson.school_id, lesson.pk), now + SECOND)
    amendment = Amendment.objects.get()
    assert (amendment.kind, amendment.from_code, amendment.to_code) == ("late_report", "/", "N")
    assert state_of(done.merged.register, nation="england").marks[roster[0]].code == "N"
    assert not Mark.objects.exists()


def test_late_replaces_is_judged_by_what_stands(
    teacher: User, claims: Claims, colleague_claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    first = say(claims, lesson, roster[0], "N", now).mark["report_id"]
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    late = say(colleague_claims, lesson, roster[0], "L", now + SECOND, replaces=first)
    assert late.state == "late"
    assert say(claims, lesson, roster[0], "N", now + SECOND, replaces=first).state == "conflict"
    assert say(claims, lesson, roster[0], "/", now + SECOND, replaces=late.mark["report_id"]).state == "late"


def test_a_person_who_amended_meanwhile_has_the_last_word(
    teacher: User, office: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    say(claims, lesson, roster[0], "N", now + SECOND)
    amend(office, lesson.pk, [Change(student_id=roster[0], code="M", reason="Dentist")], now=now + 2 * SECOND)
    merge_late(Key(lesson.school_id, lesson.pk), now + 3 * SECOND)
    assert RejectedReport.objects.get().reason == "superseded_by_amendment"
    assert Amendment.objects.get().to_code == "M"


def test_the_last_word_is_not_had_by_what_was_kept_without_a_network(
    teacher: User, office: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    """A device sends a report that was made before somebody amended the register, which changes nothing; one made after
    that does."""
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    changes = [Change(student_id=pk, code="M", reason="Dentist") for pk in roster[:2]]
    amend(office, lesson.pk, changes, now=now + 2 * SECOND)
    for student, told in ((roster[0], 1), (roster[1], 3)):
        say(claims, lesson, student, "N", now + MINUTE, reported_at=now + told * SECOND)
    merge_late(Key(lesson.school_id, lesson.pk), now + MINUTE)
    rejected = RejectedReport.objects.get()
    assert (rejected.student_id, rejected.reason) == (roster[0], "superseded_by_amendment")
    register = Register.objects.get(pk=lesson.pk)
    assert [state_of(register, nation="england").code_of(pk) for pk in roster[:2]] == ["M", "N"]


def test_what_was_said_earlier_hides_nothing_that_was_said_later(
    teacher: User, office: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    amend(office, lesson.pk, [Change(student_id=roster[0], code="M", reason="Dentist")], now=now + 2 * SECOND)
    say(claims, lesson, roster[0], "L", now + 10 * SECOND)
    say(claims, lesson, roster[0], "N", now + 20 * SECOND, reported_at=now + SECOND)
    for _again in range(2):
        merge_late(Key(lesson.school_id, lesson.pk), now + MINUTE)
    assert list(RejectedReport.objects.values_list("code", "reason")) == [("N", "superseded_by_amendment")]
    assert [(each.kind, each.to_code) for each in Amendment.objects.all()] == [("correction", "M"), ("arrival", "L")]


def test_what_was_hidden_and_has_been_dealt_with_stays_so(
    teacher: User, office: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    """Even if the slow clock of another server dates an amendment before the report that it amended."""
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    say(claims, lesson, roster[0], "L", now + 10 * SECOND)
    say(claims, lesson, roster[0], "N", now + 11 * SECOND, reported_at=now + 5 * SECOND)
    merge_late(Key(lesson.school_id, lesson.pk), now + 11 * SECOND)
    amend(office, lesson.pk, [Change(student_id=roster[0], code="M", reason="Dentist")], now=now + 9 * SECOND)
    say(claims, lesson, roster[1], "N", now + 12 * SECOND)
    merge_late(Key(lesson.school_id, lesson.pk), now + 12 * SECOND)
    assert [(each.student_id, each.to_code) for each in Amendment.objects.order_by("pk")] == [
        (roster[0], "N"),
        (roster[0], "M"),
        (roster[1], "N"),
    ]


def test_a_teachers_within_window(
    teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    say(claims, lesson, roster[0], "N", now + timedelta(days=1))
    merge_late(Key(lesson.school_id, lesson.pk), now + timedelta(days=1))
    assert RejectedReport.objects.get().reason == "too_late"


def test_a_report_between_reading_and_finishing_late_ones_is_not_forgotten(
    teacher: User, claims: Claims, lesson: Lesson, roster: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Key(lesson.school_id, lesson.pk)
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    say(claims, lesson, roster[0], "N", now + SECOND)
    really = transitions.late_merged
    interleaved: list[Stored] = []

    def with_a_report_just_before(key: Key, late_rev: int) -> bool:
        if not interleaved:
            interleaved.append(say(claims, lesson, roster[1], "N", now + 2 * SECOND))
        return really(key, late_rev)

    monkeypatch.setattr(transitions, "late_merged", with_a_report_just_before)
    merge_late(key, now + 3 * SECOND)
    assert set(Amendment.objects.values_list("student_id", flat=True)) == set(roster[:2])
    assert mongo.sheets().find_one({"late_pending": True}) is None


def test_many_at_once_lose_nothing(claims: Claims, lesson: Lesson, roster: list[int], now: datetime) -> None:
    """The sheet does not exist yet, so the upserts race."""

    def both(index: int) -> None:
        say(claims, lesson, roster[index % 4], "N", now, device=f"d{index}", sequence=1)

    at_once(*(lambda index=index: both(index) for index in range(8)))
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    assert sheet is not None
    assert (sheet["rev"], len(sheet["log"]), len(sheet["absences"])) == (8, 8, 4)


def test_a_ticket_is_for_its_lesson_and_its_roster(
    claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    with pytest.raises(NotFound):
        service.report(claims, lesson.pk + 1, [Report(student_id=roster[0], code="N")], now)
    strangers = [Report(student_id=roster[0], code="N"), Report(student_id=max(roster) + 1, code="N")]
    with pytest.raises(Unprocessable) as refused:
        service.report(claims, lesson.pk, strangers, now)
    assert [error.pointer for error in refused.value.errors] == ["/absences/1/student_id"]
    assert mongo.sheets().count_documents({}) == 0


def test_operators_in_text_are_text(claims: Claims, lesson: Lesson, roster: list[int], now: datetime) -> None:
    assert say(claims, lesson, roster[0], "N", now, note="$secret {$gt: 1}").mark["note"] == "$secret {$gt: 1}"
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    assert sheet is not None and sheet["absences"][f"s{roster[0]}"]["note"] == "$secret {$gt: 1}"


def test_the_log_is_bounded(claims: Claims, lesson: Lesson, roster: list[int], now: datetime) -> None:
    for _ in range(2):
        for _ in range(30):
            reports = [Report(student_id=roster[0], code="N") for _ in range(4)]
            service.report(claims, lesson.pk, reports, now)
    sheet = sheets.read(Key(lesson.school_id, lesson.pk))
    assert sheet is not None and (sheet["rev"], len(sheet["log"])) == (240, 200)


def test_a_store_that_is_down_is_said_within_a_second(
    mongodb_down: None, claims: Claims, lesson: Lesson, roster: list[int], now: datetime
) -> None:
    with pytest.raises(StoreUnavailable):
        say(claims, lesson, roster[0], "N", now)
