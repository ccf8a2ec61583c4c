"""The rating of every kind of plan against the independent oracle, on SOAK_CASES cases (100,000)."""

from __future__ import annotations

import os

from shugang.policy.tests.rating_oracle import differences

CASES = int(os.environ.get("SOAK_CASES", "100000"))


def test_rating_equals_the_oracle_on_a_hundred_thousand_cases():
    assert differences(seed=5, cases=CASES) == []
