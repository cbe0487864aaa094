"""Ids in addresses."""

import pytest
from django.test import Client

from lessons.converters import MAX_ID, IdConverter


@pytest.mark.parametrize("path", ["1", "42", str(MAX_ID)])
def test_an_id_comes_back_as_it_was(path: str) -> None:
    converter = IdConverter()
    assert converter.to_url(converter.to_python(path)) == path


def test_what_is_too_large_for_the_database_is_no_id() -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (Django asks for the bare error)
        IdConverter().to_python(str(MAX_ID + 1))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["0", "-1", "01", "1e3", "1.0", "1.$set", "$where", "٣", "\uff11", "1%00", "9" * 19, "9" * 400]
)
def test_addresses_that_hold_no_id_are_404(path: str, client: Client) -> None:
    assert client.get(f"/lessons/{path}/").status_code == 404
