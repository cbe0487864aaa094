"""Plausible rows for tests, with named states."""

from datetime import UTC, date, datetime, time
from typing import Any

import factory
from factory import LazyAttribute, SelfAttribute, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory
from faker import Faker

from lessons import models, upn
from lessons.hashing import hash_secret
from lessons.models.clients import new_client_id

CLIENT_SECRET = "the-secret-of-every-client-made-here"  # noqa: S105


# The family name of every invented person, so that a name is recognised where it must not be.
FAMILY = "Quillfeather"

_faker = Faker("en_GB")


def believable_name() -> str:
    family = _faker.last_name().replace("'", "’")  # pages write it unescaped
    return f"{_faker.first_name()} {FAMILY}-{family}"


def _upn(number: int) -> str:
    body = f"{383_20_000000 + number:011d}" + "0"
    return upn.check_letter(body) + body


class LocalAuthorityFactory(DjangoModelFactory[models.LocalAuthority]):
    class Meta:
        model = models.LocalAuthority
        django_get_or_create = ("code",)

    code = "383"
    name = "Leeds"


class SchoolFactory(DjangoModelFactory[models.School]):
    class Meta:
        model = models.School

    name = Sequence(lambda n: f"Hawthorn Lane School {n}")
    urn = Sequence(lambda n: str(100000 + n))
    local_authority = SubFactory(LocalAuthorityFactory)


class UserFactory(DjangoModelFactory[models.User]):
    class Meta:
        model = models.User
        skip_postgeneration_save = True

    username = Sequence(lambda n: f"user{n}")
    name = factory.LazyFunction(believable_name)
    email = LazyAttribute(lambda user: f"{user.username}@example.org")


class MembershipFactory(DjangoModelFactory[models.Membership]):
    class Meta:
        model = models.Membership

    user = SubFactory(UserFactory)
    school = SubFactory(SchoolFactory)
    role = models.Role.TEACHER
    position = LazyAttribute(lambda membership: str(models.Role(membership.role).label))


class ApiClientFactory(DjangoModelFactory[models.ApiClient]):
    """A client; its secret is CLIENT_SECRET."""

    class Meta:
        model = models.ApiClient

    school = SubFactory(SchoolFactory)
    user = LazyAttribute(lambda client: person(client.school, models.Role.INTEGRATOR, new_client_id()))
    client_id = SelfAttribute("user.username")

    @classmethod
    def _build(cls, model_class: Any, *args: Any, **kwargs: Any) -> models.ApiClient:
        client: models.ApiClient = model_class(*args, **kwargs)
        client.secret_hash = hash_secret(CLIENT_SECRET)
        return client

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> models.ApiClient:
        client = cls._build(model_class, *args, **kwargs)
        client.save()
        return client


def person(school: models.School | None, role: models.Role, username: str, **fields: Any) -> models.User:
    """Returns a user with one role in one school (None for an operator)."""
    user = UserFactory.create(username=username, **fields)
    MembershipFactory.create(user=user, school=school, role=role)
    return user


class StudentFactory(DjangoModelFactory[models.Student]):
    class Meta:
        model = models.Student

    school = SubFactory(SchoolFactory)
    upn = Sequence(_upn)
    legal_name = factory.LazyFunction(believable_name)
    sort_name = LazyAttribute(lambda student: ", ".join(student.legal_name.split()[::-1]))
    year_group = 8
    on_roll_from = date(2020, 9, 1)

    class Params:
        left = Trait(on_roll_until=date(2024, 7, 20))


class GroupFactory(DjangoModelFactory[models.Group]):
    class Meta:
        model = models.Group

    school = SubFactory(SchoolFactory)
    name = Sequence(lambda n: f"8{chr(65 + n % 26)}/Ma{n}")
    year_group = 8


class EnrolmentFactory(DjangoModelFactory[models.Enrolment]):
    class Meta:
        model = models.Enrolment

    group = SubFactory(GroupFactory)
    school = SelfAttribute("group.school")
    student = SubFactory(StudentFactory, school=SelfAttribute("..group.school"))
    starts_on = date(2020, 9, 1)


class LessonFactory(DjangoModelFactory[models.Lesson]):
    """A lesson on Monday 14 September 2026 at 09:00, unless told otherwise."""

    class Meta:
        model = models.Lesson
        skip_postgeneration_save = True

    group = SubFactory(GroupFactory)
    school = SelfAttribute("group.school")
    subject = "Maths"
    room = "M3"
    date = date(2026, 9, 14)
    start_time = time(9)
    end_time = time(10)

    class Params:
        cancelled = Trait(status=models.Lesson.Status.CANCELLED)
        morning = Trait(session=models.Session.AM, subject="")

    @classmethod
    def _build(cls, model_class: Any, *args: Any, **kwargs: Any) -> models.Lesson:
        return model_class(*args, **kwargs).set_instants()  # type: ignore[no-any-return]

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> models.Lesson:
        lesson = cls._build(model_class, *args, **kwargs)
        lesson.save()
        return lesson

    @factory.post_generation
    def students(self: Any, create: bool, extracted: int | None, **kwargs: Any) -> None:
        """`students=30` enrols thirty students, in a few statements because most tests need them."""
        made = StudentFactory.build_batch(extracted or 0, school=self.school)
        models.Student.objects.bulk_create(made)
        enrolments = [EnrolmentFactory.build(group=self.group, student=student) for student in made]
        models.Enrolment.objects.bulk_create(enrolments)

    @factory.post_generation
    def taught_by(self: Any, create: bool, extracted: models.User | None, **kwargs: Any) -> None:
        """`taught_by=user` makes that user its teacher."""
        if extracted:
            models.LessonStaff.objects.create(school=self.school, lesson=self, user=extracted)


class PlannedAbsenceFactory(DjangoModelFactory[models.PlannedAbsence]):
    """A medical appointment on the day of `LessonFactory`."""

    class Meta:
        model = models.PlannedAbsence

    student = SubFactory(StudentFactory)
    school = SelfAttribute("student.school")
    first_day = date(2026, 9, 14)
    last_day = SelfAttribute("first_day")
    code = "M"
    by_name = "School office"


class ContactFactory(DjangoModelFactory[models.Contact]):
    """A message left on the day of `LessonFactory`."""

    class Meta:
        model = models.Contact

    student = SubFactory(StudentFactory)
    school = SelfAttribute("student.school")
    date = date(2026, 9, 14)
    outcome = models.Contact.Outcome.MESSAGE
    at = datetime(2026, 9, 14, 9, 30, tzinfo=UTC)
    by_name = "School office"


class DeskEntryFactory(DjangoModelFactory[models.DeskEntry]):
    """A pupil out early on the day of `LessonFactory`."""

    class Meta:
        model = models.DeskEntry

    student = SubFactory(StudentFactory)
    school = SelfAttribute("student.school")
    date = date(2026, 9, 14)
    direction = models.DeskEntry.Direction.OUT
    at = datetime(2026, 9, 14, 13, tzinfo=UTC)
    by_name = "School office"


class NoticeFactory(DjangoModelFactory[models.Notice]):
    """A notice to the office about somebody in the room, or a `reminder` to a teacher."""

    class Meta:
        model = models.Notice

    class Params:
        reminder = Trait(kind=models.Notice.Kind.REMINDER, to=SubFactory(UserFactory))

    lesson = SubFactory(LessonFactory)
    school = SelfAttribute("lesson.school")
    kind = models.Notice.Kind.SOMEONE_ELSE
    made_at = datetime(2026, 9, 14, 8, 5, tzinfo=UTC)
    by_name = "Alice Lee"
