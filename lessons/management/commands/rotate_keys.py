import os
from argparse import ArgumentParser
from pathlib import Path
from time import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lessons.accounts import keys


class Command(BaseCommand):
    help = (
        "Adds a key that signs tokens after ten minutes, when every server has read it, and removes keys that no token"
        " needs any more. Creates the file if there is none. Nobody has to sign in again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", type=Path, help="the key set, if it is not TOKEN_KEYS_FILE")
        parser.add_argument("--print", action="store_true", help="print the new set and leave the file alone")
        parser.add_argument(
            "--leaked",
            action="store_true",
            help="an old key has leaked: keep only the new one, so that everybody must sign in again",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path | None = options["file"] or settings.TOKEN_KEYS_FILE
        if path is None and not options["print"]:
            raise CommandError("The keys come from TOKEN_KEYS: use --print or --file.")
        now = time()
        try:
            present = _read(path)
        except ValueError as error:
            raise CommandError(f"The current keys cannot be read: {error}.") from error
        if present and present[-1].signs_from > now and not options["leaked"]:
            raise CommandError("The newest key does not sign yet; nothing was changed.")
        after = keys.rotated([] if options["leaked"] else present, now)
        if options["print"]:
            self.stdout.write(keys.dump(after))
            return
        assert path is not None
        _replace(path, keys.dump(after))
        kept = len(after) - 1
        when = f"{keys.ANNOUNCED // 60} minutes from now" if kept else "now on"
        self.stdout.write(f"{after[-1].kid} signs from {when}; {kept} older kept for verifying.")


def _read(path: Path | None) -> list[keys.Key]:
    if path is None:
        return keys.parse(settings.TOKEN_KEYS)
    return keys.parse(path.read_text()) if path.exists() else []


def _replace(path: Path, text: str) -> None:
    """Replaces the file in one step, so that nobody reads half a file. Permissions stay; a new file is for the owner
    alone."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.touch(mode=0o600)
    new.write_text(text)
    new.chmod(mode)
    new.replace(path)
