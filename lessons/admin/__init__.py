"""Django admin: a school's admins manage their own school in it, superusers everything."""

from lessons.admin import clients, office, people, register, school, timetable

__all__ = ["clients", "office", "people", "register", "school", "timetable"]
