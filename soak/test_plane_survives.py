"""Five hundred kills under load, ten thousand ways to lose power."""

from __future__ import annotations

import pytest

from shugang.delivery.plane.tests.power import crashes, faults, play
from shugang.delivery.plane.tests.test_crash import kill_and_restart

KILLS = 500
DAYS, POINTS_A_DAY = 10, 1000


@pytest.mark.timeout(3600)
def test_five_hundred_kills(make_plane, vault):
    answers = kill_and_restart(make_plane, vault, KILLS)
    print(f"{answers} answers")
    assert answers > KILLS * 60


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("day", range(DAYS))
def test_ten_thousand_power_losses(tmp_path, day):
    (tmp_path / "disk").mkdir()
    (tmp_path / "after").mkdir()
    played = play(tmp_path / "disk", 120, seed=100 + day)
    found = [faults(promise, files, tmp_path / "after") for promise, files in crashes(played, POINTS_A_DAY, seed=day)]
    assert len(found) == POINTS_A_DAY
    assert [fault for each in found for fault in each] == []
