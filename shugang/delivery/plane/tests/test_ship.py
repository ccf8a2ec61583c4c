"""Shipping to a control that was restored from a backup: what it lost comes again, once."""

from __future__ import annotations

import pytest

from shugang.delivery.plane.tests.peer import grant, terms
from shugang.delivery.plane.tests.tables import api_source

pytestmark = pytest.mark.system
PATH = "/api/v1/lookup/segments?prefix7="


def call(plane, number):
    assert plane.get(f"{PATH}{1300000 + number}", "k1").status == 200


@pytest.mark.parametrize("how", ["by the next use", "at the next start"])
def test_a_control_that_went_back_is_sent_what_it_lost(make_plane, vault, control, how):
    # Given five records that control acknowledged
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(("prefix7", "city")), ("k1",)))
    for number in range(5):
        call(plane, number)
    assert len(plane.shipped()) == 5
    # When control is restored to a moment when it had two, and the plane is used again, or only started again
    control.go_back(2)
    if how == "by the next use":
        call(plane, 5)
    else:
        plane.kill()
        plane.start()
    expected = 6 if how == "by the next use" else 5
    # Then it has all of them again, one after the other
    plane.wait(lambda: len(control.records) == expected)
    assert [record["seq"] for record in control.records] == list(range(1, expected + 1))


def test_a_plane_states_its_own_sums_apart_from_its_records(make_plane, vault, control):
    # Given found and not found uses, and a plane that was started again
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(("prefix7", "city")), ("k1",)))
    for number in range(5):
        call(plane, number)
    assert plane.get(PATH + "999", "k1").status == 200
    records = plane.shipped()
    plane.kill()
    plane.start()
    # When it gives its books
    plane.wait(lambda: control.books and control.books[-1]["seq"] == 6)
    # Then they are the sums of what it shipped
    told = control.books[-1]
    assert told["head"] == records[-1]["hash"]
    parts = [[r for r in records if r["charged"]], [r for r in records if not r["charged"]]]
    sums = [
        value for part in parts for value in (len(part), sum(r["rows"] for r in part), sum(r["bytes"] for r in part))
    ]
    assert told["sums"] == {"g1": sums} and sums[0] == 5
