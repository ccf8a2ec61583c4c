"""However use arrives, the bills end at what it would have cost in time and once; `make soak` plays 1,000 histories."""

import pytest

from .histories import play

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", range(0, 60, 12))
def test_late_doubled_and_reordered_use_ends_at_the_total_in_order(market, seed):
    for number in range(seed, seed + 12):
        found, expected = play(market.finance, market.buyer, market.supplier, number)
        assert found == expected, number
