"""The rules that the database itself enforces, beyond what Django can declare."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import models

from lessons.database.triggers import Addition, Refusal, Removal, Rule, SameSchool, foreign_key, school_column


def rules() -> Iterator[Rule]:
    """Yields every rule. The next `migrate` installs a rule that is added here."""
    yield from same_school()
    yield from enrolments_stay()
    yield from record_stays()
    yield from cancellations()
    yield from revocations()


def same_school() -> Iterator[Rule]:
    from lessons.models.base import SchoolRow

    for model in apps.get_app_config("lessons").get_models():
        if issubclass(model, SchoolRow):
            school = school_column(model)
            moved = f"NEW.{school} <> OLD.{school}"
            message = "a row never changes its school"
            yield Refusal(model, "keeps_its_school", f"UPDATE OF {school}", moved, message)
            for name in model.SAME_SCHOOL:
                yield SameSchool(model, foreign_key(model, name))


def enrolments_stay() -> Iterator[Rule]:
    """An enrolment with registers is ended, not deleted, because a student's registers are found through her
    enrolments.

    The roster counts as well as the dates; otherwise the enrolment could be shortened first.
    """
    from lessons.models import Enrolment, Register

    within = "r.date >= OLD.starts_on AND (OLD.ends_on IS NULL OR r.date <= OLD.ends_on)"
    on_roster = {
        "sqlite": "EXISTS (SELECT 1 FROM json_each(r.roster) WHERE value = OLD.student_id)",
        "postgresql": "r.roster @> to_jsonb(OLD.student_id)",
    }
    of_group = f"SELECT 1 FROM {Register._meta.db_table} r WHERE r.group_id = OLD.group_id"  # noqa: S608
    stands = {vendor: f"EXISTS ({of_group} AND ({within} OR {listed}))" for vendor, listed in on_roster.items()}
    message = "a register stands on this enrolment"
    yield Refusal(Enrolment, "stays", "DELETE", stands, message)
    moved = "(NEW.student_id <> OLD.student_id OR NEW.group_id <> OLD.group_id)"
    stands_still = {vendor: f"{moved} AND {when}" for vendor, when in stands.items()}
    yield Refusal(Enrolment, "stays_put", "UPDATE OF student_id, group_id", stands_still, message)


def record_stays() -> Iterator[Rule]:
    """A register changes only by amendments: nothing in the record is rewritten or deleted.

    Only its revisions (merged, projected) move. A lawful purge must ask for permission first (`purge.py`).
    """
    from lessons.models import Amendment, Mark, PurgePermit, Register, RejectedReport

    forbidden = f"NOT EXISTS (SELECT 1 FROM {PurgePermit._meta.db_table})"  # noqa: S608
    message = "the record is only ever added to"
    for model in (Register, Mark, Amendment, RejectedReport):
        yield Refusal(model, "stays", "DELETE", forbidden, message)
        fixed = [str(field.column) for field in model._meta.concrete_fields if field.name not in Register.MOVING]
        yield Refusal(model, "stays_as_written", f"UPDATE OF {', '.join(fixed)}", forbidden, message)


def cancellations() -> Iterator[Rule]:
    """A completed lesson is never cancelled, and a lesson whose reports were rejected stays cancelled."""
    from lessons.models import Lesson, Register

    taken = f"EXISTS (SELECT 1 FROM {Register._meta.db_table} r WHERE r.lesson_id = OLD.id)"  # noqa: S608
    status, cancelled = "UPDATE OF status", "OLD.status <> 'cancelled' AND NEW.status = 'cancelled'"
    yield Refusal(Lesson, "taken_is_not_cancelled", status, f"{cancelled} AND {taken}", "this lesson has a register")
    revived = "OLD.settled AND NOT (NEW.settled AND NEW.status = 'cancelled')"
    yield Refusal(Lesson, "stays_cancelled", "UPDATE OF status, settled", revived, "its reports were rejected")


def revocations() -> Iterator[Rule]:
    """Records revocations when a user loses a role, a password, the account, a sign-in or a place on a lesson's staff.
    Triggers do this, so that no code can forget it."""
    from lessons.models import ApiClient, BrowserSession, LessonStaff, Membership, RefreshToken, Revocation, User

    def revoked(
        model: type[models.Model], name: str, event: str, user: str, when: str = "TRUE", **more: str
    ) -> Addition:
        return Addition(model, name, event, when, Revocation, {"user_id": user} | more)

    changed = "NEW.password <> OLD.password OR NEW.is_active <> OLD.is_active"
    yield revoked(User, "revokes", "UPDATE OF password, is_active", "OLD.id", changed)
    yield revoked(User, "revokes_all", "DELETE", "OLD.id")
    suspended = "OLD.is_active AND NOT NEW.is_active"  # otherwise tokens would work again once the account is active
    for name, model in (("ends_sessions", BrowserSession), ("ends_refresh_tokens", RefreshToken)):
        yield Removal(User, name, "UPDATE OF is_active", suspended, model, "user_id = OLD.id")
    yield revoked(Membership, "revokes_all", "DELETE", "OLD.user_id")
    lost = "NEW.role <> OLD.role OR NEW.user_id <> OLD.user_id OR NEW.school_id <> OLD.school_id"
    yield revoked(Membership, "revokes", "UPDATE OF role, user_id, school_id", "OLD.user_id", lost)
    replaced = "(OLD.secret_hash <> '' AND NEW.secret_hash <> OLD.secret_hash)"  # not when the first secret is set
    # Added scopes end tokens too: SQL cannot tell them from removed ones, and a system simply gets another token.
    less = f"{replaced} OR NEW.scopes <> OLD.scopes OR NEW.revoked_at IS NOT NULL"
    yield revoked(ApiClient, "revokes", "UPDATE OF secret_hash, scopes, revoked_at", "OLD.user_id", less)
    signed_out, session = "OLD.user_id IS NOT NULL", {"sid": "OLD.sid", "expires_at": "OLD.expire_date"}
    yield revoked(BrowserSession, "revokes", "DELETE", "OLD.user_id", signed_out, **session)
    yield revoked(RefreshToken, "revokes", "DELETE", "OLD.user_id", sid="OLD.sid", expires_at="OLD.expires_at")
    of_lesson = {"lesson_id": "OLD.lesson_id"}
    yield revoked(LessonStaff, "revokes_all", "DELETE", "OLD.user_id", **of_lesson)
    moved = "NEW.user_id <> OLD.user_id OR NEW.lesson_id <> OLD.lesson_id"
    yield revoked(LessonStaff, "revokes", "UPDATE OF user_id, lesson_id", "OLD.user_id", moved, **of_lesson)
