"""Lifetimes that several packages must agree on. Imports nothing of ours."""

from datetime import timedelta

# Seconds. The longest-lived token is a ticket: it ends with the day, and one day of the year has 25 hours.
LONGEST_LIFE = 25 * 60 * 60

# A sign-in is kept until its last ticket has ended, so that *Sign out everywhere* reaches them all.
TICKETS_END = timedelta(seconds=LONGEST_LIFE)

# How long a request may be repeated under its `Idempotency-Key`.
ANSWERS_KEPT = timedelta(hours=24)
