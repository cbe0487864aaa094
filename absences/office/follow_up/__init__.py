"""Absences without a reason."""
