"""However use arrives, the bills end at what it would have cost in time and once; `make soak` plays 1,000 histories."""

import pytest

from .histories import play

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", range(0, 60, 12))
def test_late_doubled_and_reordered_use_ends_at_the_total_in_order(market, seed):
    for number in range(seed, seed + 12):
        found, expected = play(market.finance, market.buyer, market.supplier, number)
        assert found == expected, number


def test_a_chunk_is_rated_as_its_contracts_one_by_one(market, use):
    """Given contracts of several prices, a run over all drafts and numbers them as single runs would."""
    from datetime import UTC, datetime

    from shugang.kernel.models import Event
    from shugang.settlement.bills.models import Bill
    from shugang.settlement.bills.services import issue_all
    from shugang.settlement.rating.services import rate_all, rate_period
    from shugang.settlement.testing import make_agreement

    from .histories import PLANS

    at = datetime(2026, 11, 10, 3, tzinfo=UTC)
    for number, plan in enumerate(PLANS):
        agreement = make_agreement(market.buyer, market.supplier, f"HT-2026-{number:06d}", plan)
        use(agreement, "found", 3 + number, at, rows=7)
        use(agreement, "not_found", 2, at)
    singly = [rate_period(market.finance, f"HT-2026-{number:06d}") for number in range(len(PLANS))]
    said = [
        (b.total_fen, b.tax_fen, list(b.lines.values_list("charge_reason", "quantity", "amount_fen"))) for b in singly
    ]
    together = rate_all(market.finance)
    assert [
        (b.total_fen, b.tax_fen, list(b.lines.values_list("charge_reason", "quantity", "amount_fen"))) for b in together
    ] == said
    assert Bill.objects.filter(state="draft").count() == len(PLANS)
    issued = issue_all(market.finance)
    assert [b.number for b in issued] == [f"ZD-2026-{n:06d}" for n in range(1, len(PLANS) + 1)]
    assert Event.objects.filter(kind="bill.issued").count() == len(PLANS)
    assert rate_all(market.finance) == []
