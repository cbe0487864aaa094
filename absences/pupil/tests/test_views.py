"""A pupil's page."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from absences.tests.api import due_today
from absences.tests.pages import browser, statements
from lessons.calendar import school_time
from lessons.factories import (
    DeskEntryFactory,
    LessonFactory,
    PlannedAbsenceFactory,
    StudentFactory,
    person,
)
from lessons.models import Lesson, Role, School, Student, User
from lessons.tests.registers import amend, take, void

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_december(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets the date to some weeks after the lesson."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime(2026, 12, 1, 12, tzinfo=UTC))


@pytest.fixture
def zoe(students: list[Student]) -> Student:
    """Returns a pupil in Alice's lesson of 14 September 2026."""
    Student.objects.filter(pk=students[0].pk).update(
        legal_name="Zoë Quillfeather van der Łaski", preferred_name="Bee Łaski"
    )
    students[0].refresh_from_db()
    return students[0]


def shown(user: User, student: Student, **query: Any) -> str:
    answer = browser(user).get(f"/students/{student.pk}/", {"year": 2026} | query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def after(lesson: Lesson, days: int, **fields: Any) -> Lesson:
    made: Lesson = LessonFactory.create(group=lesson.group, date=lesson.date + timedelta(days), **fields)
    return made


def test_who_it_is(office: User, lesson: Lesson, zoe: Student) -> None:
    page = shown(office, zoe)
    assert ("<h1>Bee Łaski</h1>" in page, zoe.legal_name in page, zoe.upn in page) == (True, True, True)
    assert ("Year 8" in page, lesson.group.name in page, "since 1 September 2020" in page) == (True, True, True)
    assert "Not on roll today" not in page


def test_who_has_left(office: User, school: School) -> None:
    page = shown(office, StudentFactory.create(school=school, left=True))
    assert ("Not on roll today" in page, "1 September 2020 to 20 July 2024" in page) == (True, True)
    assert "No register of this year names this pupil yet." in page


def test_both_rates_with_numerator_and_denominator(office: User, lesson: Lesson, zoe: Student) -> None:
    take(lesson)
    take(after(lesson, 1), absent={zoe: "N"})
    for days, code in enumerate("/I/L"):
        take(after(lesson, days, morning=True), absent={} if code == "/" else {zoe: code})
    after(lesson, 0, session="PM", start_time=time(13), end_time=time(14))
    page = shown(office, zoe)
    assert '75.0 % <span class="quiet"> attended 3 of 4 possible sessions </span>' in page
    assert '66.7 % <span class="quiet"> attended 4 of 6 possible lessons </span>' in page
    assert ("4 of 5 registers were taken." in page, "6 of 7 registers were taken." in page) == (True, True)
    assert page.index("By session") < page.index("By lesson")


def test_nothing_possible_is_no_rate(office: User, lesson: Lesson, zoe: Student) -> None:
    take(lesson, unstated=[zoe.pk])
    page = shown(office, zoe)
    assert "nothing was possible yet" in page and "Nobody stated one mark: it counts nowhere." in page
    assert "0.0 %" not in page


def test_a_label_needs_twenty_possible_marks(office: User, lesson: Lesson, zoe: Student) -> None:
    for days in range(19):
        take(after(lesson, days), absent={zoe: "I"})
    assert "Severely absent" not in shown(office, zoe)
    take(after(lesson, 19))
    assert "Severely absent" in shown(office, zoe)


def test_a_mark_with_its_first_entry_and_each_change(office: User, lesson: Lesson, zoe: Student) -> None:
    register = take(lesson, absent={zoe: "N"}, by_position="Teacher")
    amend(register, zoe, "N", "L", to_minutes_late=12, by_name="Olive Grant", by_position="Office")
    page = shown(office, zoe)
    assert f'<a href="/lessons/{lesson.pk}/#pupil-{zoe.pk}">Mon 14 Sep 09:00</a>' in page
    assert "Late (L) 12 min" in page and "First entry: Absent. Ms Lee, 14 Sep 09:10" in page
    assert "Absent → <strong>Late</strong>: Note from the doctor – Olive Grant, Office, 14 Sep 10:10" in page
    void(register)
    assert "<strong>The register was withdrawn</strong>: Wrong class" in shown(office, zoe)


def test_as_many_months_of_marks_as_a_page_takes(office: User, lesson: Lesson, zoe: Student) -> None:
    take(lesson, absent={zoe: "I"})
    for days in range(21, 60):
        take(after(lesson, days), absent={zoe: "I"})
    assert f"/lessons/{lesson.pk}/#" in shown(office, zoe, all=1)
    page = shown(office, zoe)
    assert f"/lessons/{lesson.pk}/#" in page, "thirty-nine leave room for its month"
    for days in range(61, 78):
        take(after(lesson, days), absent={zoe: "I"})
    page = shown(office, zoe)
    assert (f"/lessons/{lesson.pk}/#" in page, "earlier mark" in page) == (False, True)
    assert f"/lessons/{lesson.pk}/#" in shown(office, zoe, all=1)


def test_the_picture_and_its_table(office: User, lesson: Lesson, zoe: Student) -> None:
    take(after(lesson, 0, morning=True), absent={zoe: "M"})
    take(after(lesson, 0, session="PM"))
    page = shown(office, zoe)
    assert 'aria-label="September 2026: attended 1 of 2 possible sessions, missed 1"' in page
    assert '<th scope="row">Mon 14</th> <td>Medical or dental appointment (M)</td><td>Present</td>' in page
    assert "style=" not in page and "<script>" not in page


def test_without_sessions_lessons_are_drawn(office: User, lesson: Lesson, zoe: Student) -> None:
    take(lesson, absent={zoe: "N"})
    page = shown(office, zoe)
    assert "by lesson, since no sessions are kept" in page and "By session" not in page
    assert "<td>0 of 1 lesson attended</td>" in page


def test_codes_and_what_is_missed_most(office: User, lesson: Lesson, zoe: Student) -> None:
    take(lesson, absent={zoe: "I"})
    page = shown(office, zoe)
    assert '<th scope="row">I</th> <td>Illness</td> <td class="count">1</td>' in page
    assert f'<th scope="row">{lesson.group.name} Maths</th> <td class="count"> 1 of 1 </td>' in page


def test_today(office: User, teacher: User, school: School) -> None:
    lesson = due_today(school, teacher)
    zoe = Student.objects.enrolled(lesson.group_id, lesson.date)[0]
    day = school_time.local_date(school.time_zone, timezone.now())
    DeskEntryFactory.create(student=zoe, date=day, at=timezone.now(), note="Bus was late")
    PlannedAbsenceFactory.create(student=zoe, first_day=day, last_day=day + timedelta(3), reason="Dentist")
    PlannedAbsenceFactory.create(student=zoe, first_day=day - timedelta(9), reason="Wedding")
    page = re.sub(r"\s+", " ", browser(office).get(f"/students/{zoe.pk}/").content.decode())
    assert ("not taken yet" in page, "Bus was late" in page) == (True, True)
    assert ("Dentist" in page, "Wedding" in page) == (True, False)
    take(lesson, absent={zoe: "I"})
    own = browser(teacher).get(f"/students/{zoe.pk}/").content.decode()
    assert ("not taken yet" in own, "Bus was late" in own, "Dentist" in own) == (False, False, False)
    assert "Medical or dental appointment (M)" in own


def test_whose_words_a_teacher_reads(teacher: User, office: User, lesson: Lesson, zoe: Student) -> None:
    """A teacher reads her own reasons, and why a register was voided; of the office's changes she sees only the
    codes."""
    register = take(lesson, absent={zoe: "N"})
    amend(register, zoe, "N", "M", reason="Mother rang", by_id=office.pk)
    amend(register, zoe, "M", "/", reason="Came after all", by_id=teacher.pk, rev=2, feed_number=-3)
    void(register)
    for address in (f"/students/{zoe.pk}/", f"/lessons/{lesson.pk}/", f"/lessons/{lesson.pk}/evidence.csv"):
        for user, reads in ((teacher, False), (office, True)):
            page = browser(user).get(address).content.decode()
            assert ("Mother rang" in page, "Came after all" in page, "Wrong class" in page) == (reads, True, True)
    for user, claim in ((teacher, "Reasons that others gave are left out"), (office, "nothing is left out")):
        assert claim in browser(user).get(f"/lessons/{lesson.pk}/evidence").content.decode()


def test_ways_on(office: User, lesson: Lesson, zoe: Student) -> None:
    register = take(lesson, absent={zoe: "N"})
    page = shown(office, zoe)
    for way in ("/evidence?from=2026-09-01&amp;to=", f"/planned-absences/add/{zoe.pk}"):
        assert way in page
    follow_up = re.search(r'href="(/follow-up/\?[^"]+)"', page.replace("&amp;", "&"))
    assert follow_up and "One absence without a reason" in page
    assert zoe.name in browser(office).get(follow_up[1]).content.decode()
    amend(register, zoe, "N", "I")
    assert "without a reason" not in shown(office, zoe)


def test_other_years(office: User, lesson: Lesson, zoe: Student) -> None:
    take(after(lesson, -365), absent={zoe: "I"})
    before = shown(office, zoe, year=2025)
    assert "School year 2025 to 2026" in before and "Illness" in before and 'href="?year=2024"' in before
    assert "Illness" not in shown(office, zoe) and 'href="?year=2019"' not in shown(office, zoe, year=2020)
    assert 'id="today"' not in before


@pytest.mark.parametrize("given", ["x", "26", "1999", "20260", "-2026", "2026.0", "٢٠٢٦", "a\0b", "9" * 30])
def test_a_malformed_year_is_400(given: str, office: User, zoe: Student) -> None:
    assert browser(office).get(f"/students/{zoe.pk}/", {"year": given}).status_code == 400


def test_a_year_that_has_not_begun_is_404(office: User, zoe: Student) -> None:
    for year in (school_time.school_year(timezone.localdate()) + 1, 2199):
        assert browser(office).get(f"/students/{zoe.pk}/", {"year": year}).status_code == 404
    assert browser(office).get(f"/students/{zoe.pk}/", {"year": ""}).status_code == 200


def test_a_teacher_sees_her_own_lessons(teacher: User, lesson: Lesson, zoe: Student) -> None:
    take(lesson, absent={zoe: "N"})
    other = after(lesson, 1)
    take(other, absent={zoe: "I"})
    page = shown(teacher, zoe)
    assert "Only the lessons that you take are shown" in page and f"/lessons/{lesson.pk}/" in page
    assert f"/lessons/{other.pk}/" not in page and "Illness" not in page
    assert zoe.upn not in page and "/planned-absences" not in page and "/evidence" not in page


def test_who_may_not(colleague: User, integrator: User, outsider: User, school: School, zoe: Student) -> None:
    admin = person(school, Role.ADMIN, "ada")
    foreign = person(outsider.memberships.get().school, Role.OFFICE, "oscar")
    operator = person(None, Role.OPERATOR, "operator")
    answers = ((admin, 200), (colleague, 404), (outsider, 404), (foreign, 404), (operator, 404), (integrator, 403))
    for user, status in answers:
        assert browser(user).get(f"/students/{zoe.pk}/").status_code == status
    assert Client().get(f"/students/{zoe.pk}/").headers["location"].startswith("/accounts/login/")


def test_a_system_that_is_somebody_elsewhere_has_no_page_here(integrator: User, outsider: User, zoe: Student) -> None:
    other = outsider.memberships.get().school
    integrator.memberships.create(school=other, role=Role.TEACHER)
    assert browser(integrator).get(f"/students/{zoe.pk}/").status_code == 403


@pytest.mark.parametrize("given", ["0", "x", "9" * 30, str(2**62)])
def test_what_is_not_there_is_404(given: str, office: User) -> None:
    assert browser(office).get(f"/students/{given}/").status_code == 404


def test_wrong_method(office: User, zoe: Student) -> None:
    assert browser(office).post(f"/students/{zoe.pk}/").status_code == 405


def test_store_down(office: User, lesson: Lesson, zoe: Student, mongodb_down: None) -> None:
    take(lesson, absent={zoe: "I"})
    assert "Illness" in shown(office, zoe)


def test_the_statements_do_not_grow(office: User, lesson: Lesson, zoe: Student) -> None:
    client = browser(office)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/students/{zoe.pk}/")
        return len(statements(queries))

    take(lesson, absent={zoe: "N"})
    few = asked()
    for days in range(1, 12):
        amend(take(after(lesson, days, morning=True), absent={zoe: "N"}), zoe, "N", "I")
        take(after(lesson, days, session="PM"), unstated=[zoe.pk])
        after(lesson, days)
        PlannedAbsenceFactory.create(student=zoe, first_day=date(2030, 1, days))
    due_today(lesson.school, person(lesson.school, Role.TEACHER, "new"), group=lesson.group)
    assert few == asked()


def test_times_are_those_of_the_schools_clocks(office: User, lesson: Lesson, zoe: Student) -> None:
    School.objects.update(time_zone="Pacific/Auckland")
    take(lesson, absent={zoe: "N"})
    assert "Ms Lee, 14 Sep 20:10" in shown(office, zoe)


def test_the_ways_there(office: User, teacher: User, colleague: User, lesson: Lesson, zoe: Student) -> None:
    take(lesson, absent={zoe: "N"})
    plan = PlannedAbsenceFactory.create(student=zoe, first_day=date(2030, 1, 7))
    address = f'href="/students/{zoe.pk}/"'
    asked: dict[str, dict[str, Any]] = {
        f"/lessons/{lesson.pk}/": {},
        "/search": {"q": "bee"},
        "/follow-up/": {"from": lesson.date, "to": lesson.date},
        "/front-desk/": {"q": "bee"},
        "/planned-absences/": {},
        f"/planned-absences/{plan.pk}": {},
        "/evacuation/": {},
        f"/students/{zoe.pk}/evidence": {},
    }
    for path, query in asked.items():
        assert address in browser(office).get(path, query).content.decode(), path
    for path in (f"/lessons/{lesson.pk}/", "/search"):
        assert address in browser(teacher).get(path, {"q": "bee"}).content.decode(), path
    assert "/students/" not in browser(colleague).get("/evacuation/").content.decode()
