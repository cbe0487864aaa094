"""Reporting absences: verified by a signed ticket alone, and touching no SQL."""
