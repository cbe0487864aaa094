"""`manage.py demo`: a week of registers, lessons to take at any hour, and a second run removes nothing."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from pytest_django import DjangoDbBlocker, Settings

from absences.registers import completion
from absences.reporting import service, tickets
from absences.store.reports import Report
from dev.demo import timetable
from dev.demo.chance import FORGOTTEN, HEARD
from dev.demo.past import DEVICE
from dev.demo.topup import top_up
from dev.demo.update import Done, update
from lessons.factories import SchoolFactory
from lessons.models import Amendment, Group, Lesson, Mark, Membership, Register, School, Student, User

pytestmark = pytest.mark.longest

LONDON = ZoneInfo("Europe/London")
MONDAY = datetime(2026, 9, 14, 9, 10, tzinfo=LONDON)
ACCOUNTS = ("teacher", "colleague", "office", "admin", "integrator", "operator", "outsider")


# The refusals come first, while nothing is loaded.


def test_it_refuses_production(db: None, settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="not for production"):
        call_command("demo")
    assert not User.objects.exists()


def test_it_refuses_to_mix_with_other_schools(db: None) -> None:
    SchoolFactory.create()
    with pytest.raises(CommandError, match="other schools"):
        call_command("demo")


@pytest.fixture(scope="module")
def monday(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Done]:
    """The first run, on Monday 14 September 2026 at 09:10; it stays in the database for all tests below."""
    with django_db_blocker.unblock():
        done = update(MONDAY)
    yield done
    with django_db_blocker.unblock():
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def loaded(monday: Done, db: None) -> Done:
    return monday


def teacher() -> User:
    return User.objects.get(username="teacher")


def due(now: datetime) -> list[Lesson]:
    """Returns the lessons that `teacher` can take, except those long over."""
    today = Lesson.objects.for_user(teacher(), now).with_state(now).filter(date=now.date())
    over = now - timedelta(hours=1)
    return [lesson for lesson in today if lesson.own and lesson.state == "due" and lesson.ends_at >= over]


def size(lesson: Lesson) -> int:
    return Student.objects.enrolled(lesson.group_id, lesson.date).count()


def test_it_loads_two_schools_with_a_week_behind_them(loaded: Done) -> None:
    assert loaded.loaded
    assert (School.objects.count(), Student.objects.count()) == (2, 300)
    assert loaded.lessons == Lesson.objects.count() > 500
    assert loaded.taken == Register.objects.count() > 400
    assert set(Lesson.objects.values_list("date", flat=True)) == {MONDAY.date() - timedelta(days=n) for n in range(7)}


@pytest.mark.parametrize("username", ACCOUNTS)
def test_the_accounts_have_the_password(loaded: Done, settings: Settings, username: str) -> None:
    settings.PASSWORD_HASHERS = ["lessons.hashers.Argon2PasswordHasher"]
    assert authenticate(username=username, password="attendance-demo") is not None
    assert User.objects.get(username=username).has_usable_password()


def test_nobody_else_signs_in(loaded: Done) -> None:
    assert not any(user.has_usable_password() for user in User.objects.exclude(username__in=ACCOUNTS))


def test_past_days_are_taken_but_for_a_lesson_or_two(loaded: Done) -> None:
    past = Lesson.objects.filter(date__lt=MONDAY.date())
    forgotten = past.filter(register=None).count()
    assert 1 <= forgotten <= past.count() * FORGOTTEN * 3
    assert not Register.objects.filter(date=MONDAY.date()).exists(), "at 09:10 nothing is long over"


def test_registers_were_taken_at_their_time_by_their_teachers(loaded: Done) -> None:
    for register in Register.objects.select_related("lesson"):
        assert timedelta(0) < register.completed_at - register.lesson.starts_at < timedelta(minutes=30)
        assert register.lesson.staff.filter(user=register.by_id).exists()
        assert (register.unstated, len(register.roster) >= 8) == ([], True)


def test_seven_percent_are_absent_and_some_late(loaded: Done) -> None:
    counts: Counter[str] = Counter()
    for register in Register.objects.all():
        counts.update(register.counts)
    assert 0.05 < counts["absent"] / counts["possible"] < 0.09
    assert min(counts["authorised"], counts["unauthorised"]) > counts["absent"] / 4
    assert all(2 <= mark.minutes_late <= 11 for mark in Mark.objects.filter(code="L") if mark.minutes_late is not None)
    assert Mark.objects.filter(code="L", minutes_late__isnull=False).count() == counts["late"] > 50


def test_who_is_absent_is_so_all_day(loaded: Done) -> None:
    codes = defaultdict(set)
    for mark in Mark.objects.exclude(code="L").select_related("register"):
        codes[mark.student_id, mark.register.date].add(mark.code)
    assert {len(each) for each in codes.values()} == {1}


def test_the_office_has_corrected_some(loaded: Done) -> None:
    offices = Membership.objects.filter(role="office").values("user")
    corrections = Amendment.objects.select_related("register__lesson")
    assert corrections.count() > 40
    assert corrections.count() == corrections.filter(from_code="N", by_id__in=offices).count()
    assert {(each.to_code, each.reason) for each in corrections} == set(HEARD.items())
    assert all(each.register.completed_at < each.happened_at < MONDAY for each in corrections)


def test_the_sheets_show_what_was_corrected(loaded: Done) -> None:
    assert not Register.objects.lagging().exists()


def test_nothing_is_in_another_schools_hands(loaded: Done) -> None:
    members = set(Membership.objects.values_list("user", "school"))
    staffed = Lesson.objects.values_list("staff__user", "school")
    assert set(staffed) <= members
    seen = Lesson.objects.for_user(User.objects.get(username="outsider"), MONDAY)
    assert seen.exists() and not seen.filter(school__external_id=timetable.SECONDARY).exists()


def test_classes_and_tutor_groups_have_both_sessions_every_day(loaded: Done) -> None:
    sessions = Counter(Lesson.objects.exclude(session="").values_list("group__external_id", flat=True))
    assert sessions == dict.fromkeys([*timetable.TUTORS, *timetable.CLASSES], 2 * 7)


@pytest.mark.parametrize(
    "now",
    [
        MONDAY,
        MONDAY.replace(hour=12, minute=59),
        datetime(2026, 11, 22, 23, 58, tzinfo=LONDON),  # a Sunday
        datetime(2026, 11, 23, 0, 3, tzinfo=LONDON),
        datetime(2026, 11, 23, 0, 0, tzinfo=LONDON),
        datetime(2027, 7, 14, 0, 5, tzinfo=LONDON),  # yesterday in UTC
        datetime(2027, 12, 25, 17, 30, tzinfo=LONDON),
        datetime(2027, 3, 28, 1, 2, tzinfo=UTC),  # the clocks have just gone forward
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # an hour that comes twice
        datetime(2026, 10, 25, 1, 54, tzinfo=UTC),
    ],
)
def test_two_lessons_are_due_at_any_time(loaded: Done, now: datetime) -> None:
    top_up(now)
    now = now.astimezone(LONDON)
    assert len(due(now)) >= 2
    assert max(size(lesson) for lesson in due(now)) == 30
    days = {now.date() - timedelta(days=number) for number in range(7)}
    assert days <= set(Lesson.objects.values_list("date", flat=True))
    assert top_up(now) == []


def test_two_lessons_are_due_all_day_long(loaded: Done) -> None:
    for minutes in range(0, 24 * 60 - 11, 37):
        now = MONDAY.replace(hour=0, minute=0) + timedelta(minutes=minutes)
        top_up(now)
        assert len(due(now)) >= 2, now


def test_after_those_were_taken_others_are_due(loaded: Done) -> None:
    now = MONDAY.replace(hour=20)
    for _ in range(3):
        top_up(now)
        assert len(due(now)) == 2
        for lesson in due(now):
            completion.complete(teacher(), lesson.pk, now=now)


def test_a_second_run_adds_nothing(loaded: Done) -> None:
    assert update(MONDAY) == Done(loaded=False, lessons=0, taken=0)


def test_a_first_run_in_the_afternoon_finds_the_morning_taken(loaded: Done) -> None:
    Lesson.objects.filter(date=MONDAY.date()).exclude(group__external_id="7A").update(status=Lesson.Status.CANCELLED)
    Lesson.objects.filter(date=MONDAY.date(), group__external_id="7A").delete()
    update(MONDAY.replace(hour=14))
    taken = Register.objects.filter(date=MONDAY.date())
    assert list(taken.values_list("group__external_id", "session")) == [("7A", "AM")]


def only(*groups: str) -> None:
    """Cancels Monday's other lessons, so that taking registers is quick."""
    lessons = Lesson.objects.filter(date=MONDAY.date())
    lessons.exclude(group__external_id__in=groups).update(status=Lesson.Status.CANCELLED)


def report(lesson: Lesson, **fields: Any) -> None:
    roster = list(Student.objects.enrolled(lesson.group_id, lesson.date).values_list("pk", flat=True))
    claims = tickets.claims_for(teacher(), lesson, roster, MONDAY)
    service.report(claims, lesson.pk, [Report(student_id=roster[0], code="N", **fields)], MONDAY)


def test_the_next_day_takes_what_was_left_but_not_what_somebody_began(loaded: Done) -> None:
    only("7/Ma1", "8/Ma1")
    begun, left = Lesson.objects.filter(date=MONDAY.date(), status="scheduled").order_by("group__external_id")
    report(begun)
    update(MONDAY + timedelta(days=1))
    assert list(Register.objects.filter(date=MONDAY.date()).values_list("lesson", flat=True)) == [left.pk]


def test_what_a_run_left_half_done_is_finished(loaded: Done) -> None:
    only("7/Ma1")
    report(Lesson.objects.get(date=MONDAY.date(), status="scheduled"), device=DEVICE, sequence=1)
    update(MONDAY + timedelta(days=1))
    assert Register.objects.filter(date=MONDAY.date()).exists()


def test_the_office_takes_the_lessons_of_who_has_left(loaded: Done) -> None:
    only("7/Ma1")
    User.objects.filter(username="teacher").update(is_active=False)
    update(MONDAY + timedelta(days=1))
    assert Register.objects.get(date=MONDAY.date()).by_name == "Margaret O'Neill"


def test_it_goes_on_without_what_somebody_took_out(loaded: Done) -> None:
    Group.objects.filter(external_id__in=["7/Ma1", "strings"]).update(source="")
    top_up(MONDAY + timedelta(days=20))
    assert not Lesson.objects.filter(date__gt=MONDAY.date(), group__external_id="strings").exists()


def test_the_command_says_what_it_did(loaded: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: MONDAY)
    said = StringIO()
    call_command("demo", stdout=said)
    assert said.getvalue() == "Added 0 lessons, and took the registers of 0 that were over.\n"
