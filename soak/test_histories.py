"""A thousand (SOAK_HISTORIES) generated histories of use, late, doubled and out of order, billed in between."""

from __future__ import annotations

import os

import pytest

from shugang.settlement.conftest import at, market
from shugang.settlement.rating.tests.histories import play

__all__ = ["at", "market"]
HISTORIES = int(os.environ.get("SOAK_HISTORIES", "1000"))


@pytest.mark.django_db
@pytest.mark.timeout(3600)
def test_a_thousand_histories_end_at_the_total_in_order(market):
    wrong = []
    for seed in range(1000, 1000 + HISTORIES):
        found, expected = play(market.finance, market.buyer, market.supplier, seed)
        if found != expected:
            wrong.append((seed, found, expected))
    assert wrong == []
