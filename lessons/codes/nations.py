"""The codes in force in each nation on each day.

Each nation's sets are in a module of their own. A nation is supported if it is listed here.
"""

from datetime import date

from django.utils.translation import gettext

from lessons.codes.code_set import CodeSet, NoCodeSet
from lessons.codes.england import ENGLAND_2024

CODE_SETS: tuple[CodeSet, ...] = (ENGLAND_2024,)  # of each nation the oldest first


def code_set(nation: str, on: date) -> CodeSet:
    """Returns the codes in force in a nation on a day. Raises NoCodeSet."""
    for codes in CODE_SETS:
        if codes.nation == nation and codes.valid_from <= on and (codes.valid_to is None or on <= codes.valid_to):
            return codes
    text = gettext("No attendance codes are known for %(nation)s on %(day)s.")
    raise NoCodeSet(text % {"nation": nation, "day": on})


def title(code: str) -> str:
    """Returns the meaning of a code in the newest set that has it, or the code itself."""
    return next((str(known.codes[code].title) for known in reversed(CODE_SETS) if code in known.codes), code)
