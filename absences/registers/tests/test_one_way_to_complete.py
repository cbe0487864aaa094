"""Pages, API and commands complete lessons by the same function, and describe the same problem in the same words."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError
from django.utils import timezone

from absences.registers import closing, completion, late, merging
from absences.registers.completion import Completed, Completion
from absences.repair.reconcile import reconcile
from absences.reporting import service, tickets
from absences.store.reports import Report
from absences.tests.api import due_today, signed_in, with_ticket
from absences.tests.pages import Form, browser, fill
from dev.demo import past
from dev.demo.timetable import MIS, SOURCE
from lessons.errors import Conflict, NotAllowed, NotFound, Refused, StoreUnavailable
from lessons.factories import ApiClientFactory
from lessons.models import Amendment, Lesson, Mark, Register, School, User

pytestmark = pytest.mark.django_db(transaction=True)

Patch = pytest.MonkeyPatch


@pytest.fixture
def lesson(school: School, teacher: User, office: User) -> Lesson:
    """A lesson that ended a minute ago, so that the office may close it too."""
    lesson = due_today(school, teacher)
    Lesson.objects.update(ends_at=timezone.now() - timedelta(minutes=1))
    return lesson


def page(lesson: Lesson) -> Any:
    alice = browser(User.objects.get(username="alice"))
    return alice.post(f"/lessons/{lesson.pk}/complete", fill(alice, f"/lessons/{lesson.pk}/"))


def closing_page(lesson: Lesson) -> Any:
    return browser(User.objects.get(username="olive")).post(f"/lessons/{lesson.pk}/close")


def api(lesson: Lesson) -> Any:
    return signed_in(User.objects.get(username="alice")).post(f"/api/v1/lessons/{lesson.pk}/complete")


doors = pytest.mark.parametrize("door", [page, closing_page, api])
Door = Callable[[Lesson], Any]


def refuse(patch: Patch, *lessons: Lesson, error: Exception | None = None) -> None:
    """Makes SQL refuse the registers of these lessons."""
    really = merging._register_row

    def refused(draft: Any, number: int) -> Register:
        if draft.lesson in lessons:
            raise error or IntegrityError("as SQL would")
        return really(draft, number)

    patch.setattr(merging, "_register_row", refused)


def cancel_before_the_merge(patch: Patch, *lessons: Lesson) -> None:
    really = merging.merge

    def merge(sheets: Any) -> Any:
        Lesson.objects.filter(pk__in=[each.pk for each in lessons]).update(status=Lesson.Status.CANCELLED)
        return really(sheets)

    patch.setattr(merging, "merge", merge)


@doors
def test_sql_refuses_the_register(door: Door, lesson: Lesson, roster: list[int], monkeypatch: Patch) -> None:
    alice = with_ticket(User.objects.get(username="alice"), lesson, roster)
    alice.put(f"/api/v1/lessons/{lesson.pk}/absences/{roster[0]}")
    with monkeypatch.context() as patch:
        refuse(patch, lesson)
        answer = door(lesson)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    said = answer.content.decode()
    assert "could not be saved" in said and "cancelled" not in said
    assert not Register.objects.exists()
    assert door(lesson).status_code in (200, 302), "sent again, it is done"
    assert [mark.student_id for mark in Mark.objects.all()] == [roster[0]]


@doors
def test_sql_does_not_answer(door: Door, lesson: Lesson, monkeypatch: Patch) -> None:
    refuse(monkeypatch, lesson, error=OperationalError("gone"))
    answer = door(lesson)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "register database cannot be reached" in answer.content.decode()


@doors
def test_it_is_cancelled_in_the_meantime(door: Door, lesson: Lesson, monkeypatch: Patch) -> None:
    cancel_before_the_merge(monkeypatch, lesson)
    answer = door(lesson)
    assert (answer.status_code, "This lesson was cancelled." in answer.content.decode()) == (409, True)
    assert not Register.objects.exists()


def test_the_function_asks_itself_who_may(outsider: User, lesson: Lesson) -> None:
    """Whatever the caller has checked before."""
    with pytest.raises(NotFound):
        completion.complete(outsider, lesson.pk, now=timezone.now())
    User.objects.update(is_active=False)
    with pytest.raises(NotFound):
        completion.complete(User.objects.get(username="alice"), lesson.pk, now=timezone.now())
    assert not Register.objects.exists()


def test_the_page_keeps_what_was_sent(teacher: User, lesson: Lesson, roster: list[int], monkeypatch: Patch) -> None:
    """It comes back with every mark, and finishing it from there gives one register and no correction."""
    alice, path = browser(teacher), f"/lessons/{lesson.pk}/"
    sent = fill(alice, path, **{f"mark_{roster[0]}": "N", f"mark_{roster[1]}": "L", f"minutes_{roster[1]}": "5"})
    with monkeypatch.context() as patch:
        refuse(patch, lesson)
        answer = alice.post(f"{path}complete", sent)
    assert "Try again in a moment." in answer.content.decode()
    form = Form(answer.content).fields
    absent, late_one, nobody = (form.get(f"mark-{student}") for student in roster[:3])
    assert (absent, late_one in ("L", "U"), nobody) == ("N", True, None)
    assert form[f"minutes-{roster[1]}"] == "5"
    assert alice.post(f"{path}complete", form, follow=True).redirect_chain == [("/", 302)]
    assert {mark.student_id for mark in Mark.objects.all()} == set(roster[:2])
    assert not Amendment.objects.exists()


def test_without_the_store_of_sheets(teacher: User, lesson: Lesson, mongodb_down: None) -> None:
    answer = browser(teacher).post(f"/lessons/{lesson.pk}/complete", {"roster_seen": ""})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_a_batch_of_which_some_are_bad(
    teacher: User, colleague: User, outsider: User, school: School, monkeypatch: Patch
) -> None:
    """Each gets the result that it would get alone, in the order of the batch."""
    now = timezone.now()
    good, bad, cancelled, early, taken = (due_today(school, teacher) for _ in range(5))
    Lesson.objects.filter(pk=early.pk).update(starts_at=now + timedelta(hours=3))
    completion.complete(teacher, taken.pk, now=now)
    School.objects.update(open_cover=False)
    asked = [Completion(user=teacher, lesson_id=each.pk) for each in (bad, good, cancelled, early, taken)]
    asked += [Completion(user=outsider, lesson_id=good.pk), Completion(user=teacher, lesson_id=2**40)]
    refuse(monkeypatch, bad)
    cancel_before_the_merge(monkeypatch, cancelled)
    became = completion.complete_all(asked, now=now)
    assert [type(each) for each in became] == [
        *(Refused, Completed, Conflict, Conflict, Completed),
        *(NotFound, NotFound),
    ]
    assert isinstance(became[4], Completed) and became[4].already_completed
    for each, outcome in zip(asked, became, strict=True):
        if isinstance(outcome, Exception):
            with pytest.raises(type(outcome)) as alone:
                completion.complete(each.user, each.lesson_id, now=now)
            assert str(alone.value) == str(outcome)


def test_a_batch_without_sql_or_sheets(teacher: User, school: School, monkeypatch: Patch) -> None:
    lessons = [due_today(school, teacher) for _ in range(2)]
    asked = [Completion(user=teacher, lesson_id=each.pk) for each in lessons]
    refuse(monkeypatch, *lessons, error=OperationalError("gone"))
    became = completion.complete_all(asked, now=timezone.now())
    assert [type(each) for each in became] == [StoreUnavailable] * 2


def test_a_batch_does_not_wait_for_each(teacher: User, school: School, mongodb_down: None, monkeypatch: Patch) -> None:
    asked = [Completion(user=teacher, lesson_id=due_today(school, teacher).pk) for _ in range(3)]
    tried, really = list[object](), closing.fence

    def fence(*args: Any) -> Any:
        tried.append(args)
        return really(*args)

    monkeypatch.setattr(closing, "fence", fence)
    became = completion.complete_all(asked, now=timezone.now())
    assert [type(each) for each in became] == [StoreUnavailable] * 3
    assert len(tried) == 1


def test_the_same_lesson_twice_in_a_batch(teacher: User, office: User, lesson: Lesson) -> None:
    asked = [Completion(user=user, lesson_id=lesson.pk) for user in (teacher, office)]
    first, second = completion.complete_all(asked, now=timezone.now())
    assert isinstance(first, Completed) and isinstance(second, Completed)
    assert (first.already_completed, second.already_completed) == (False, True)
    assert first.merged.register == second.merged.register


def test_who_may_see_but_not_complete(integrator: User, lesson: Lesson) -> None:
    ApiClientFactory.create(user=integrator, scopes="read")
    fresh = User.objects.get(pk=integrator.pk)
    [became] = completion.complete_all([Completion(user=fresh, lesson_id=lesson.pk)], now=timezone.now())
    assert isinstance(became, NotAllowed)


def test_the_demo_says_what_it_could_not_take(teacher: User, school: School, monkeypatch: Patch) -> None:
    """Nobody would notice a lesson that is only skipped."""
    School.objects.update(source=MIS, external_id="school")
    lesson = due_today(school, teacher, source=SOURCE)
    refuse(monkeypatch, lesson)
    with pytest.raises(Refused):
        past._take([lesson], past.Staff(), timezone.now())


@pytest.fixture
def late_report(teacher: User, lesson: Lesson, roster: list[int]) -> int:
    """A student with a report that came after the register was taken, and is not merged yet."""
    now = timezone.now()
    completion.complete(teacher, lesson.pk, now=now, roster_seen=roster)
    claims = tickets.claims_for(teacher, lesson, roster, now)
    [stored] = service.report(claims, lesson.pk, [Report(student_id=roster[0], code="N")], timezone.now())
    assert stored.state == "late"
    return roster[0]


def refuse_late(patch: Patch, *refused: Lesson) -> None:
    really = late._append

    def append(lesson: Lesson, *args: Any) -> None:
        if lesson in refused:
            raise IntegrityError("as SQL would")
        really(lesson, *args)

    patch.setattr(late, "_append", append)


def test_a_late_report_that_sql_refuses_stops_no_other(
    teacher: User, school: School, lesson: Lesson, late_report: int, monkeypatch: Patch
) -> None:
    other = due_today(school, teacher)
    students = [student.pk for student in other.enrolled()]
    completion.complete(teacher, other.pk, now=timezone.now(), roster_seen=students)
    claims = tickets.claims_for(teacher, other, students, timezone.now())
    service.report(claims, other.pk, [Report(student_id=students[0], code="N")], timezone.now())
    with monkeypatch.context() as patch:
        refuse_late(patch, lesson)
        reconcile(timezone.now())
        assert [row.register_id for row in Amendment.objects.all()] == [other.pk]
    reconcile(timezone.now())
    assert Amendment.objects.count() == 2


def test_a_page_that_came_late_is_kept_as_the_api_keeps_it(
    teacher: User, lesson: Lesson, roster: list[int], monkeypatch: Patch
) -> None:
    alice, path = browser(teacher), f"/lessons/{lesson.pk}/"
    sent = fill(alice, path, **{f"mark_{roster[0]}": "N"})
    completion.complete(teacher, lesson.pk, now=timezone.now(), roster_seen=roster)
    with monkeypatch.context() as patch:
        refuse_late(patch, lesson)
        answer = alice.post(path, sent, follow=True)
    assert "what you sent is kept, and will be added to it in a moment" in answer.content.decode()
    reconcile(timezone.now())
    assert Amendment.objects.get().student_id == roster[0]
