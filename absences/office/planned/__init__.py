"""Absences that the school knows of beforehand."""
