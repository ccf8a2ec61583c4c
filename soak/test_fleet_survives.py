"""A fleet on PostgreSQL: workers killed again and again, and the database itself cut off in the middle of its work."""

from __future__ import annotations

import pytest

from shugang.delivery.plane.tests.peer import PlaneProcess
from shugang.delivery.plane.tests.test_fleet import database_crashes, one, workers_are_killed
from shugang.policy.terms import Quota

KILLS, CRASHES = 200, 50


@pytest.mark.timeout(3600)
def test_two_hundred_workers_killed(own_server, control, tmp_path, vault):
    revision = control.set(one(vault, quotas=(Quota("calls", 10**6, "total", "charged"),)))
    plane = PlaneProcess(control, tmp_path / "plane", vault, journal_url=own_server.url, workers=4).start()
    try:
        plane.at(revision)
        answers = workers_are_killed(plane, KILLS)
    finally:
        plane.kill()
    print(f"{answers} answers")
    assert answers > KILLS * 30


@pytest.mark.timeout(3600)
def test_fifty_crashes_of_the_database(own_server, control, tmp_path, vault):
    answers = database_crashes(own_server, control, tmp_path, vault, CRASHES)
    print(f"{answers} answers")
    assert answers > CRASHES * 40
