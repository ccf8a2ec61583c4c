"""Losing power at any moment: nothing acknowledged is lost, nothing billed twice, nothing released is unbilled.

The long version, with ten thousand moments, is `make soak`.
"""

from __future__ import annotations

import pytest

from shugang.delivery.plane.tests.power import crashes, faults, play


def test_nothing_acknowledged_is_lost_when_the_power_fails(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "after").mkdir()
    # Given a day of answers, long uses and checkpoints on a recorded disk
    day = play(tmp_path / "disk", 60)
    assert len(day.promises) > 60 and any(name.endswith("-wal") for _, name, _, _ in day.operations)
    # When the power fails at any of its moments
    found = [faults(promise, files, tmp_path / "after") for promise, files in crashes(day, 400)]
    # Then every promise is kept
    assert [fault for faults_ in found for fault in faults_] == []


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_the_simulation_sees_what_a_weaker_setting_would_lose(tmp_path, synchronous):
    (tmp_path / "disk").mkdir()
    (tmp_path / "after").mkdir()
    day = play(tmp_path / "disk", 60, synchronous)
    found = [faults(promise, files, tmp_path / "after") for promise, files in crashes(day, 200)]
    assert sum(bool(each) for each in found) > 20
