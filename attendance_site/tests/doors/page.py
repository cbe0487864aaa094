"""`docs/access.md`: what everybody was answered."""

from collections.abc import Mapping, Sequence

HEAD = """# Who may do what

Written by `attendance_site/tests/doors/test_access.py` from what the product answered, and compared with it in every
run; `WRITE_ACCESS=1 pytest attendance_site/tests/doors` writes it anew.

Two schools that are alike; everybody asks for what is of their own school, and then for the same of the other. A
*colleague* is a teacher who is not staff of the lesson, which is today's in a school with open cover. A *ticket* is the
teacher's, for that lesson. A *client* has every scope; the column *scope* names the one without which it is answered
403. *Foreign* is what a teacher, an office and a client of the other school are answered who name these ids: reports go
to a sheet of their own school, where the reconciler finds no such lesson.
"""


def table(title: str, text: str, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    lines = [f"## {title}", "", text, "", f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()]
    return "\n".join(lines) + "\n"
