from typing import Any

from django.core.management.base import BaseCommand, CommandError

from absences.store import schema
from lessons.errors import StoreUnavailable


class Command(BaseCommand):
    help = "Creates the collections, validators and indexes of the absence store. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            schema.set_up()
        except StoreUnavailable as error:
            raise CommandError(f"{error.detail} ({error.__cause__})") from error
        if options["verbosity"]:
            self.stdout.write("The absence store is set up.")
