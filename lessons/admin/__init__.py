"""Django admin: a school's admins manage their own school in it, superusers everything."""

from lessons.admin import clients, people, register, school, timetable

__all__ = ["clients", "people", "register", "school", "timetable"]
