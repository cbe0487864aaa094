"""The MongoDB client: majority everywhere, and short deadlines."""

import os
from datetime import UTC, datetime
from time import monotonic

import pytest

from absences.store import mongo, schema
from absences.tests.threads import at_once
from lessons.errors import StoreUnavailable


def test_every_handle_has_majority_concerns() -> None:
    for handle in (mongo.sheets(), mongo.orphans(), mongo.database(), mongo.client()):
        assert (handle.write_concern.document, handle.read_concern.level) == ({"w": "majority", "j": True}, "majority")


def test_one_client_a_process() -> None:
    """Even if several threads are the first to ask; a forked child makes its own."""
    mongo.close()
    made: list[object] = []
    at_once(*(lambda: made.append(mongo.client()) for _ in range(8)))
    assert {id(client) for client in made} == {id(mongo.client())}
    child = os.fork()
    if child == 0:
        os._exit(0 if mongo._client is None else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_gives_up_at_its_deadline(mongodb_down: None) -> None:
    """The driver's own steps of half a second would take longer. The shortest of three counts, in case the machine is
    busy."""

    def seconds() -> float:
        began = monotonic()
        with pytest.raises(StoreUnavailable), mongo.answering(0.3):
            mongo.client().admin.command("ping")
        return monotonic() - began

    assert 0.25 <= min(seconds() for _ in range(3)) < 0.5


def test_setting_up_twice_changes_nothing() -> None:
    schema.set_up()
    before = mongo.sheets().index_information()
    schema.set_up()
    assert mongo.sheets().index_information() == before


@pytest.mark.parametrize("field", ["state", "absences", "school"])
def test_the_validator_refuses_what_is_no_sheet(field: str) -> None:
    bad = {"state": "gone", "absences": {"1": {}}, "school": "7"}[field]
    with pytest.raises(StoreUnavailable), mongo.answering():
        mongo.sheets().update_one({"_id": "7:9"}, {"$set": {**SHEET, field: bad}}, upsert=True)


SHEET = {
    "created_at": datetime(2026, 9, 14, tzinfo=UTC),
    "school": 7,
    "lesson": 9,
    "v": 1,
    "state": "open",
    "rev": 0,
    "late_rev": 0,
    "late_pending": False,
}
