"""The office completes a register that nobody finished: reports are kept, everybody else is left unmarked."""

from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from absences.registers import completion
from absences.registers.completion import Others
from absences.store import sheets
from absences.store.marks import current_marks
from absences.store.sheets import Key
from absences.taking import register_form, taken
from absences.web.lookup import render_local, seen_lesson, user_of
from lessons.errors import Conflict, NotAllowed
from lessons.models import Lesson, User


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def close(request: HttpRequest, lesson: int) -> HttpResponse:
    """Closes the register; a repeated submission leads to the existing one."""
    now = timezone.now()
    found = seen_lesson(request, lesson, now)
    if not user_of(request).access.is_office(found.school_id):
        raise NotAllowed(_("Only the school’s office closes registers that nobody finished."))
    if not found.is_completed:
        _check(found, now)
    if request.method == "POST":
        _close(request, found, now)
    elif not found.is_completed:
        return _ask(request, found)
    return redirect("register", found.pk)


def may_close(user: User, lesson: Lesson, now: datetime) -> bool:
    """Returns whether to offer it for a lesson with its state."""
    return user.access.is_office(lesson.school_id) and lesson.state == "due" and now > lesson.ends_at


def _check(lesson: Lesson, now: datetime) -> None:
    if lesson.is_cancelled:
        raise Conflict(_("This lesson was cancelled."))
    if now <= lesson.ends_at:
        raise Conflict(_("This lesson has not ended yet: its register can still be finished."))


def _ask(request: HttpRequest, lesson: Lesson) -> HttpResponse:
    students = lesson.enrolled()
    rows = register_form.rows(students, current_marks(sheets.read(Key(lesson.school_id, lesson.pk))))
    reported = [row for row in rows if row.code]
    context = {"lesson": lesson, "reported": reported, "others": len(rows) - len(reported), "total": len(rows)}
    return render_local(request, "absences/close.html", lesson.school.time_zone, context)


def _close(request: HttpRequest, lesson: Lesson, now: datetime) -> None:
    done = completion.complete(
        user_of(request), lesson.pk, now=now, roster_seen=(), others=Others.UNSTATED, source="page"
    )
    said = taken.in_words(done.merged.lesson, done.merged.state)
    if done.already_completed:
        who = done.merged.register.by_name
        messages.info(request, _("%(who)s had finished this register already. %(said)s") % {"who": who, "said": said})
    else:
        messages.success(request, said)
