"""The cost of a sign-in with production's password hash, and whether its time reveals which accounts exist.

python -m benchmarks.signin
"""

import os
import tempfile
from statistics import median
from time import process_time

import django

ROUNDS = 25
PASSWORD = "correct horse battery"  # noqa: S105


def main() -> None:
    """Prints CPU seconds of one core, as medians. Kinds take turns, so that other load affects all alike."""
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client
    from django.utils import timezone

    from lessons.accounts import known_browsers, shared_counter
    from lessons.factories import ApiClientFactory, SchoolFactory, person
    from lessons.models import Role, Tally, User

    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    school = SchoolFactory.create()
    for name, active in (("alice", True), ("gone", False)):
        user = person(school, Role.TEACHER, name, is_active=active)
        user.set_password(PASSWORD)
        user.save()
    system = ApiClientFactory.create(school=school).user
    system.set_unusable_password()
    system.save()
    tries = {
        "right": ("alice", PASSWORD),
        "wrong password": ("alice", "guess"),
        "unknown": ("nobody", "guess"),
        "inactive": ("gone", PASSWORD),
        "another system": (system.username, "guess"),
        "limited": ("limited", "guess"),
    }
    known, alice = Client(), User.objects.get(username="alice")
    known.post("/accounts/login/", {"username": "alice", "password": PASSWORD})
    assert settings.DEVICE_COOKIE_NAME in known.cookies
    for where, client in (("an unknown", Client()), ("a known", known)):
        took: dict[str, list[float]] = {kind: [] for kind in tries}
        for _ in range(ROUNDS):
            for kind, (name, password) in tries.items():
                Tally.objects.all().delete()
                shared_counter.renew(
                    "browsers", alice.pk, window=known_browsers.KNOWN_FOR, now=timezone.now()
                )  # still known
                body = {"username": name, "password": password}
                for _ in range(6 if kind == "limited" else 1):
                    before = process_time()
                    client.post("/api/v1/token", body, content_type="application/json")
                    last = process_time() - before
                took[kind].append(last)
        medians = ", ".join(f"{kind} {median(times) * 1e3:.1f}" for kind, times in took.items())
        print(f"sign-ins per second of one core: {1 / median(took['right']):.1f}")
        print(f"CPU of a try on {where} browser, median ms: {medians}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "attendance_site.settings"}
        django.setup()
        main()
