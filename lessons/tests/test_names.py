import pytest

from lessons import names


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("o'brien", "Siobhán O’Brien"),
        ("obrien", "Siobhán O'Brien"),
        ("brien", "Siobhán O'Brien"),
        ("zoe", "Zoë Carter"),
        ("Zoë", "Zoe Carter"),
        ("lukasz", "Łukasz Nowak"),
        ("dordevic", "Đorđe Đorđević"),
        ("aegir", "Ægir Jónsson"),
        ("maria jose", "José María Ruiz"),
        ("smith anna", "Anna Smith-Jones"),
        ("jones", "Anna Smith-Jones"),
        ("STRASSE", "Uwe Straße"),
        ("ilkay", "İlkay Gündoğan"),
        ("王", "王小明"),
        ("  ada   ok ", "Ada Okafor"),
    ],
)
def test_what_finds_whom(query: str, name: str) -> None:
    assert names.matches(query, name)


@pytest.mark.parametrize("query", ["", "   ", "'", "-", "\0", "ada b", "kafor", "ada okafor x"])
def test_what_finds_nobody(query: str) -> None:
    assert not names.matches(query, "Ada Okafor")


def test_any_of_several_names() -> None:
    assert names.matches("teddy marsh", "Edward Marsh", "Teddy")
