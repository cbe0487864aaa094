"""Django admin: a school's admins manage their own school, superusers everything."""

from lessons.admin import clients, office, people, register, school, timetable

__all__ = ["clients", "office", "people", "register", "school", "timetable"]
