"""`rate` and an oracle that was written from the meaning of the plans agree to the 分; `make soak` asks 100,000 cases."""

from .rating_oracle import differences


def test_every_kind_of_plan_costs_what_its_meaning_says():
    assert differences(seed=20261126, cases=2_000) == []
