"""Marks of a register: as the page shows them, as they are stored, and as another user reports them."""

from typing import Any

from django.utils import timezone
from playwright.sync_api import Page

from absences.reporting import service, tickets
from absences.store import sheets
from absences.store.documents import StoredMark
from absences.store.marks import current_marks
from absences.store.reports import Report
from absences.store.sheets import Key
from browser.tab import READY, until
from lessons.models import Lesson, User

UNMARKED = "!document.querySelector('.pupil').querySelector('input:checked')"  # the first pupil
# The rows of a store on the device, or none if there is no such store.
ROWS = """(store) => new Promise((found) => {
    const open = indexedDB.open("attendance", 1);
    open.onupgradeneeded = () => (open.transaction.abort(), found([]));
    open.onsuccess = () => {
        const all = open.result.transaction(store).objectStore(store).getAll();
        all.onsuccess = () => (open.result.close(), found(all.result));
    };
})"""
SEEN = "dispatchEvent(new Event('online'))"  # makes a page ask for others' marks


def says(page: Page, text: str) -> None:
    """Waits until the register's status bar shows this text."""
    until(page, f"document.querySelector('.status').textContent.startsWith({text!r})")


def saved(page: Page) -> None:
    says(page, "All changes saved")


def opened(page: Page, lesson: Lesson) -> Page:
    """Opens a register, and returns its page once its script has run."""
    page.goto(f"/lessons/{lesson.pk}/")
    until(page, READY)
    return page


def again(page: Page) -> None:
    page.reload()
    until(page, READY)


def shown(page: Page, row: int = 0) -> str | None:
    """Returns the code that a row shows as chosen."""
    checked = page.locator(".pupil").nth(row).locator("input:checked")
    return checked.get_attribute("value") if checked.count() else None


def shows(page: Page, code: str, row: int = 0) -> None:
    """Waits until a row shows this code."""
    until(page, f"document.querySelectorAll('.pupil')[{row}].querySelector('input:checked')?.value === {code!r}")


def reported(lesson: Lesson) -> list[StoredMark]:
    """Returns the current marks on the sheet."""
    return current_marks(sheets.read(Key(lesson.school_id, lesson.pk)))


def codes(lesson: Lesson) -> dict[int, str]:
    """Returns the current codes by student id."""
    return {mark["student"]: mark["code"] for mark in reported(lesson)}


def stored(lesson: Lesson, row: int = 0) -> tuple[str, int | None, str] | None:
    """Returns code, minutes late and note of the pupil in a row."""
    student = lesson.enrolled()[row].pk
    found = next((mark for mark in reported(lesson) if mark["student"] == student), None)
    return (found["code"], found["minutes_late"], found["note"]) if found else None


def rows(page: Page, store: str) -> list[dict[str, Any]]:
    """Returns the rows of a store in the device's outbox."""
    found: list[dict[str, Any]] = page.evaluate(ROWS, store)
    return found


def report(user: User, lesson: Lesson, code: str, row: int = 0, **more: Any) -> None:
    """Reports the pupil in a row directly, without the page."""
    students = [student.pk for student in lesson.enrolled()]
    claims = tickets.claims_for(user, lesson, students, timezone.now())
    service.report(claims, lesson.pk, [Report(student_id=students[row], code=code, **more)], timezone.now())
