"""Counts within a window of time, in the table and in a shared cache."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from lessons.accounts import shared_counter
from lessons.accounts.tests.signing_in import SCHOOLS, page
from lessons.database import expiry
from lessons.models import Tally

pytestmark = pytest.mark.django_db


def test_a_count_keeps_no_names_and_ends() -> None:
    page(Client(), "guess")
    assert not {"alice", SCHOOLS} & {
        part for key in Tally.objects.values_list("key", flat=True) for part in key.split()
    }
    assert sum(expiry.forget(timezone.now() + timedelta(hours=2))) == Tally.objects.count() + 4 > 0


def test_a_count_begins_anew_after_its_window() -> None:
    now = timezone.now()
    hits = [
        shared_counter.add("x", window=timedelta(minutes=1), now=now + timedelta(seconds=at)).hits
        for at in (0, 30, 59, 60, 61)
    ]
    assert hits == [1, 2, 3, 1, 2]
    assert shared_counter.current("x", now=now + timedelta(seconds=61)).hits == 2
    assert shared_counter.current("x", now=now + timedelta(seconds=120)).hits == 0


def test_counts_in_a_shared_cache(settings: Settings) -> None:
    """As in Redis, which several machines share: the table is then not used."""
    settings.CACHE_URL = "redis://cache.example/0"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "counts"}}
    now, window = timezone.now(), timedelta(minutes=1)
    counts = [shared_counter.add("x", window=window, now=now + timedelta(seconds=at)) for at in (0, 1, 2)]
    ends_at = int(now.timestamp()) + 60
    assert counts == [(1, ends_at), (2, ends_at), (3, ends_at)]
    assert (
        shared_counter.add("x", window=window, now=now, hits=-1).hits == shared_counter.current("x", now=now).hits == 2
    )
    shared_counter.forget("x")
    assert (shared_counter.current("x", now=now).hits, shared_counter.add("x", window=window, now=now).hits) == (0, 1)
    shared_counter.renew("known", window=window, now=now)
    assert shared_counter.current("known", now=now).hits == 1
    shared_counter.renew("browser", window=window, now=now, hits=7)
    assert shared_counter.current("browser", now=now).hits == 7 and not Tally.objects.exists()


def test_a_count_that_is_looked_at_says_when_it_ends() -> None:
    now, window = timezone.now(), timedelta(minutes=1)
    ends_at = shared_counter.add("x", window=window, now=now).ends_at
    assert shared_counter.current("x", now=now + timedelta(seconds=59)) == (1, ends_at)
    assert shared_counter.current("x", now=now + timedelta(seconds=61)).hits == 0
    shared_counter.renew("x", window=window, now=now, hits=7)
    assert shared_counter.add("x", window=window, now=now) == (8, ends_at)
