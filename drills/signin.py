"""Guessing at passwords, and whether teachers can sign in meanwhile.

    python -m drills.signin day      guesses left to an attacker per account and simulated day (half an hour)
    python -m drills.signin siege    seconds until a teacher is in while a script attacks over HTTP (five minutes)

Exits with 1 if more guesses are possible than the limits allow, or if a teacher waits for a minute on a known browser.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from drills import fuzz, stores

WITHIN = 60.0  # seconds, on a known browser


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m drills.signin", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("drill", choices=["day", "siege"])
    parser.add_argument("--hours", type=float, default=24, help="of the simulated day")
    parser.add_argument("--minutes", type=float, default=5, help="of the siege")
    options = parser.parse_args(argv)
    os.environ["DJANGO_SETTINGS_MODULE"] = "attendance_site.settings"
    with stores.workplace() as folder, ExitStack() as stack:
        nodes = stack.enter_context(stores.replica_set(folder / "mongo", 1))
        os.environ |= {"VAR_DIR": str(folder / "var"), "MONGODB_URL": nodes.url, "LOG_LEVEL": "WARNING"}
        return day(options.hours) if options.drill == "day" else siege(folder, options.minutes)


def day(hours: float) -> int:
    os.environ |= {"ALLOWED_HOSTS": "testserver", "REQUESTS_A_MINUTE_UNSIGNED": str(10**9)}
    fuzz.set_up()
    from django.conf import settings

    from drills import guessing

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the slow hash would take too long
    settings.WHITENOISE_AUTOREFRESH = True  # otherwise each client reads the folder of static files
    print(f"guesses at one account in {hours:g} simulated hours, from:")
    too_many = False
    for guesses, most, kind in guessing.day(hours):
        print(f"{guesses:7,}  {kind}", flush=True)
        too_many |= guesses > most
    return int(too_many)


def siege(folder: Path, minutes: float) -> int:
    fuzz.set_up()
    from drills.guessing import Town
    from drills.siege import Siege

    Town()
    with fuzz.served(folder, folder / "access.log") as door:
        besieged = Siege(door.port, minutes)
        answers = besieged.lie()
    for told in (*besieged.on_known, besieged.on_unknown):
        print("\n".join(told.lines()))
    print("the attackers’ answers: " + ", ".join(f"{kind} {times:,}" for kind, times in sorted(answers.items())))
    longest = [max(told.seconds, default=WITHIN) for told in besieged.on_known]
    return int(max(longest) >= WITHIN)


if __name__ == "__main__":
    sys.exit(main())
