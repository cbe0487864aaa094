"""Reporting absences: a signed ticket is enough to verify a report, and SQL is not asked."""
