from typing import Any

from django.core.management.commands import flush
from django.db import connections

from lessons import database


class Command(flush.Command):
    """Django's own. On SQLite it deletes row by row, which triggers of `lessons/rules.py` would refuse."""

    def handle(self, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor == "sqlite":
            database.lift(connection)
        try:
            super().handle(**options)
        finally:
            database.install(connection)
