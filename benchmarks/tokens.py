"""The cost of verifying a ticket: the first time, when it is cached, and the memory of the cache.

python -m benchmarks.tokens
"""

import os
import tempfile
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from time import process_time

import django
from django.utils import timezone

TICKETS, ROUNDS, STUDENTS = 2000, 5, 30


def main() -> None:
    """Prints CPU times, as medians of rounds within one run."""
    from lessons.accounts import tokens

    now = timezone.now()
    claims = {
        "sub": "1234567",
        "name": "Alice Lee",
        "position": "Teacher of Maths",
        "school": 123,
        "nation": "england",
        "lesson": 98765432,
        "date": "2026-09-14",
        "role": "teacher",
        "codes": ["/", "L", "N", "U"],
        "notes": True,
        "starts_at": now.isoformat(),
        "closes_at": now.isoformat(),
        "roster": list(range(10_000_000, 10_000_000 + STUDENTS)),
    }
    signed = [
        tokens.sign("ticket", claims | {"lesson": n}, now=now, expires_at=now + timedelta(hours=12))
        for n in range(1, TICKETS + 1)
    ]

    def verify_all() -> None:
        for token in signed:
            tokens.verify(token, "ticket")

    def anew() -> None:
        tokens.forget_keys()
        verify_all()

    first = median(seconds(anew) for _ in range(ROUNDS))
    again = median(seconds(verify_all) for _ in range(ROUNDS))
    print(
        f"ticket of {STUDENTS} students: {len(signed[0])} bytes,"
        f" verified first in {first / TICKETS * 1e6:.0f} µs, remembered in {again / TICKETS * 1e6:.1f} µs,"
        f" ratio {first / again:.0f}; at most {tokens.REMEMBERED} remembered by a process"
    )


def seconds(work: Callable[[], None]) -> float:
    before = process_time()
    work()
    return process_time() - before


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "attendance_site.settings"}
        django.setup()
        main()
