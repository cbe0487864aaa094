"""Unique pupil numbers: a check letter and twelve characters (DfE, "Unique pupil numbers", appendix on format)."""

CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"  # I, O and S are left out


def check_letter(digits: str) -> str:
    """Returns the check letter for the twelve characters after it: eleven digits, then a digit or, in a temporary UPN,
    a letter."""
    weighted = sum(weight * _value(character) for weight, character in enumerate(digits, start=2))
    return CHECK_LETTERS[weighted % 23]


def is_valid(upn: str) -> bool:
    body = upn[1:]
    well_formed = (
        len(upn) == 13 and upn.isascii() and body[:11].isdigit() and (body[11].isdigit() or body[11] in CHECK_LETTERS)
    )
    return well_formed and upn[0] == check_letter(body)


def _value(character: str) -> int:
    return int(character) if character.isdigit() else CHECK_LETTERS.index(character)
