"""Absences that nobody has explained yet."""
