"""How long things last that several packages must agree on. Imports nothing of ours."""

from datetime import timedelta

# Seconds. The longest life of a token: a ticket's, which ends with a day, and one day of the year has 25 hours.
LONGEST_LIFE = 25 * 60 * 60

# A sign-in is kept until its last ticket has ended, so that *Sign out everywhere* reaches them all.
TICKETS_END = timedelta(seconds=LONGEST_LIFE)

# For how long a request may be sent again under its `Idempotency-Key`.
ANSWERS_KEPT = timedelta(hours=24)
