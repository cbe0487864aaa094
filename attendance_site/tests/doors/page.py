"""`docs/access.md`: the answer of every address to every kind of user."""

from collections.abc import Mapping, Sequence

HEAD = """# Who may do what

The answer of every address to every kind of user. `attendance_site/tests/doors/test_access.py` writes this page from
the product's answers and compares it with them in every run; `WRITE_ACCESS=1 pytest attendance_site/tests/doors`
rewrites it.

There are two similar schools. Every user first requests things of their own school, then the same things of the other
school.

- A *ticket* is the teacher's, for the lesson in the address.
- A *colleague* is a teacher who is not staff of the lesson. The lesson is today's, in a school with open cover.
- A *client* has every scope. The column *scope* names the scope without which the answer is 403.
- *Foreign* is the answer to a teacher, the office and a client of the other school who use these ids. Their reports go
  to a sheet of their own school, where the reconciler finds no such lesson.
"""


def table(title: str, text: str, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    lines = [f"## {title}", "", text, "", f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()]
    return "\n".join(lines) + "\n"
