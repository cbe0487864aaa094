"""Bars: the possible sessions fill a bar from the left, and no bar is drawn for none."""

from stats import charts
from stats.charts import Part


def bar(attended: int, authorised: int, unauthorised: int) -> tuple[Part, ...]:
    possible = attended + authorised + unauthorised
    row = {"possible": possible, "attended": attended, "authorised": authorised, "unauthorised": unauthorised}
    return charts.bar(row).parts


def test_the_parts_follow_each_other_and_fill_the_bar() -> None:
    assert bar(90, 6, 4) == (
        Part("attended", "0.00", "90.00"),
        Part("authorised", "90.00", "6.00"),
        Part("unauthorised", "96.00", "4.00"),
    )


def test_what_did_not_happen_is_no_part() -> None:
    assert bar(3, 0, 1) == (Part("attended", "0.00", "75.00"), Part("unauthorised", "75.00", "25.00"))


def test_where_nothing_was_possible_the_bar_is_empty() -> None:
    assert bar(0, 0, 0) == ()
