"""Everything that people read can be translated."""

import ast
from collections.abc import Iterator

import pytest

from attendance_site.tests.test_architecture import ROOT, modules
from lessons import codes, errors
from lessons.codes import NoCodeSet
from lessons.codes.england import ENGLAND_2024

# The position of the sentence among the arguments.
SENTENCES = {
    "FieldError": 2,
    "NoCodeSet": 0,
    **{name: 0 for name, made in vars(errors).items() if isinstance(made, type) and issubclass(made, Exception)},
}
# Read by programmers, and in English like the rest of the API.
MACHINES = ("absences/api/", "absences/doors/completions.py", "absences/doors/reports.py", "absences/reporting/")
PAGES = (
    "lessons/codes/nations.py",
    "lessons/accounts/shared_counter.py",
    "lessons/accounts/sign_in.py",
    "attendance_site/problems.py",
)


def read_by_people() -> Iterator[str]:
    for app in ("absences", "stats"):
        yield from (path.relative_to(ROOT).as_posix() for path in modules(app))
    yield from PAGES


def untranslated(source: str) -> list[int]:
    """Returns the lines on which an error is made from an untranslated sentence."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            sentence = node.args[SENTENCES[name]] if len(node.args) > SENTENCES.get(name, 99) else None
            if isinstance(sentence, ast.Constant | ast.JoinedStr):
                found.append(node.lineno)
    return found


@pytest.mark.parametrize("name", [each for each in read_by_people() if not each.startswith(MACHINES)])
def test_no_error_is_a_bare_sentence(name: str) -> None:
    assert untranslated((ROOT / name).read_text()) == []


@pytest.mark.parametrize(
    "bare", ['NotFound("x")', 'errors.TooLarge(f"{x}")', 'OtherMark("x", mark)', 'FieldError("/x", "y", "z")']
)
def test_a_bare_sentence_is_found(bare: str) -> None:
    assert untranslated(f"raise {bare}") == [1]
    assert untranslated("raise NotFound(_('x'))") == []


def test_codes_say_what_they_mean_in_words() -> None:
    """Titles are translated when shown; in JSON and in files they are plain text."""
    assert type(codes.title("I")) is str
    assert ENGLAND_2024.get("I") == codes.Code("I", ENGLAND_2024.get("I").title, codes.Kind.AUTHORISED)
    assert {ENGLAND_2024.get("I")} == {ENGLAND_2024.get("I")}
    with pytest.raises(NoCodeSet) as raised:
        codes.code_set("narnia", ENGLAND_2024.valid_from)
    assert raised.value.detail == "No attendance codes are known for narnia on 2024-08-19."
