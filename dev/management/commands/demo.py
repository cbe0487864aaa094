from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dev.demo.update import update
from lessons.errors import AttendanceError


class Command(BaseCommand):
    help = "Loads two invented schools, or brings them up to date: a week of registers, and lessons to take now."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = update(timezone.now())
        except AttendanceError as error:
            raise CommandError(error.detail) from error
        if options["verbosity"]:
            if done.loaded:
                self.stdout.write("Loaded the demo schools.")
            self.stdout.write(f"Added {done.lessons} lessons, and took the registers of {done.taken} that were over.")
