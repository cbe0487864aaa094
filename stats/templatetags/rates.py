from django import template

from absences.templatetags.attendance import percent

register = template.Library()
register.filter(percent)
