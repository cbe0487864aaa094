"""England's codes.

School Attendance (Pupil Registration) (England) Regulations 2024 (SI 2024/208), in force 19 August 2024.
"""

from datetime import date

from django.utils.translation import gettext_lazy as _

from lessons.codes.code_set import CodeSet, Kind, of_kind

ENGLAND_2024 = CodeSet(
    nation="england",
    valid_from=date(2024, 8, 19),
    valid_to=None,
    codes={
        **of_kind(Kind.PRESENT, {"/": _("Present"), "L": _("Late, before the register closed")}),
        **of_kind(
            Kind.APPROVED,
            {
                "K": _("Education provision arranged by the local authority"),
                "V": _("Educational visit or trip"),
                "P": _("Sporting activity"),
                "W": _("Work experience"),
                "B": _("Any other approved educational activity"),
            },
        ),
        **of_kind(
            Kind.AUTHORISED,
            {
                "C": _("Exceptional circumstances"),
                "C1": _("Regulated performance or employment abroad"),
                "C2": _("Temporary part-time timetable"),
                "E": _("Suspended or permanently excluded"),
                "I": _("Illness"),
                "J1": _("Interview"),
                "M": _("Medical or dental appointment"),
                "R": _("Religious observance"),
                "S": _("Study leave"),
                "T": _("Parent travelling for occupational purposes"),
            },
        ),
        **of_kind(
            Kind.UNAUTHORISED,
            {
                "G": _("Holiday not granted by the school"),
                "N": _("Reason not yet established"),
                "O": _("Other or unknown circumstances"),
                "U": _("Arrived after the register closed"),
            },
        ),
        **of_kind(
            Kind.NOT_POSSIBLE,
            {
                "D": _("Dual registered at another school"),
                "Q": _("No access arrangements by the local authority"),
                "X": _("Non-compulsory-age pupil not required to attend"),
                "Y1": _("Transport normally provided not available"),
                "Y2": _("Widespread disruption to travel"),
                "Y3": _("Part of the school premises closed"),
                "Y4": _("Whole school site unexpectedly closed"),
                "Y5": _("Criminal justice detention"),
                "Y6": _("Public health guidance or law"),
                "Y7": _("Any other unavoidable cause"),
            },
        ),
        **of_kind(
            Kind.NOT_COLLECTED,
            {"Z": _("Prospective pupil not on the register"), "#": _("Planned whole-school closure")},
        ),
    },
)
