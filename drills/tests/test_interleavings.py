"""A colleague marks the last student while a teacher completes: at whatever moment, the mark is in the register."""

import pytest

from absences.store import mongo
from drills import fuse, interleavings, world

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_report_at_every_step_of_a_completion() -> None:
    fuse.watch()
    mongo.close()  # a client's listeners are set when it is made
    played = dict(interleavings.reports(world.make()))
    states = [scene.told[0]["state"] for scene in played.values()]
    assert (len(states) > 20, set(states)) == (True, {"provisional", "late"}), sorted(played)
    for name, scene in played.items():
        verdict, findings = scene.judge()
        assert not verdict.bad, (name, findings)
        assert scene.stands() == "N", name
