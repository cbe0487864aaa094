"""Django admin: a school's admins manage their own school in it, superusers everything."""

from lessons.admin import people, register, school, timetable

__all__ = ["people", "register", "school", "timetable"]
