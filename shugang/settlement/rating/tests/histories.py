"""Generated histories of use: late, duplicated, out of order, sent again, with bills issued in between."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum

from shugang.delivery.metering.models import plane_iso
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.models import Plane
from shugang.delivery.testing import make_records
from shugang.policy.priceplan import OutcomePrice, PricePlan, Tier, day_key, total
from shugang.settlement.bills.models import BillLine
from shugang.settlement.bills.services import issue_bill
from shugang.settlement.rating.services import rate_period, unbilled_fen
from shugang.settlement.testing import _grant, make_agreement

FOUND = {"billable": ("found",)}
TIERS = (Tier(3, 50_000_000), Tier(8, 9_999_999), Tier(None, 33_333_333))
PLANS = (
    PricePlan("per_unit", unit_price_e8=35_000_001, **FOUND),
    PricePlan("per_unit", unit="rows", unit_price_e8=1_234_567, unit_size=10, included=5, cap_fen=60, **FOUND),
    PricePlan("per_unit", unit_price_e8=35_000_000, daily_cap_fen=70, **FOUND),
    PricePlan("by_outcome", prices=(OutcomePrice("found", 1_500_000), OutcomePrice("partial", 700_000)), billable=("found", "partial")),
    PricePlan("tiered", tiers=TIERS, minimum_fen=30, **FOUND),
    PricePlan("volume", unit="bytes", tiers=TIERS, unit_size=100, **FOUND),
    PricePlan("package", price_fen=500, package_size=4, **FOUND),
    PricePlan("package", price_fen=500, package_size=4, valid_days=20, **FOUND),
)  # fmt: skip
FIRST, DAYS = datetime(2026, 10, 1, 3, tzinfo=UTC), 61
END = datetime(2026, 12, 2, 2, 0, tzinfo=UTC)


def uses(chosen: random.Random) -> list[dict[str, Any]]:
    """What truly happened, in the order of its time: each use with its billing key."""
    moments = sorted(FIRST + timedelta(hours=chosen.randrange(DAYS * 24 - 12)) for _ in range(chosen.randint(1, 14)))
    return [
        {"request_id": f"key-{n}", "outcome": chosen.choice(("found", "found", "partial", "not_found")), "at": plane_iso(at),
         "rows": chosen.randint(1, 40), "bytes": chosen.randint(1, 900), "_at": at}
        for n, at in enumerate(moments)
    ]  # fmt: skip


def in_order(plan: PricePlan, happened: list[dict[str, Any]]) -> int:
    """分, had each use come in time and once: whole service periods rated once."""
    # The agreement begins in September; a month without use may still cost its minimum.
    periods: dict[object, dict[str, int]] = {name: {} for name in (["term"] if plan.whole_term else [9, 10, 11, 12])}
    for use in happened:
        local = (use["_at"] + timedelta(hours=8)).date()
        quantities = periods["term" if plan.whole_term else local.month]
        name = day_key(use["outcome"], local) if plan.by_day else use["outcome"]
        quantities[name] = quantities.get(name, 0) + (1 if plan.unit == "calls" else use[plan.unit])
    return sum(total(plan, quantities) for quantities in periods.values())


def play(finance: Any, buyer: Any, supplier: Any, seed: int) -> tuple[int, int]:
    """(billed and unbilled in the end, the in-order total); nothing stays in the database."""
    chosen = random.Random(seed)
    plan, happened = PLANS[seed % len(PLANS)], uses(chosen)
    with transaction.atomic():
        agreement = make_agreement(buyer, supplier, plan=plan)
        grant = _grant(agreement)
        sent = [{**use, "grant": grant.number, "charged": use["outcome"] in plan.billable} for use in happened]
        sent += chosen.choices(sent, k=chosen.randint(0, 4))  # a gateway that counted a request twice
        chosen.shuffle(sent)  # reordered, and late where a bill comes in between
        plane = Plane.objects.get(pk=grant.plane_id)
        records = make_records([{k: v for k, v in use.items() if k != "_at"} for use in sent])
        done = 0
        while done < len(records):
            upto = chosen.randint(done + 1, len(records))
            fold_journal(plane, (again := chosen.randint(0, done)) + 1, records[again:upto])  # a part sent again
            done = upto
            if chosen.random() < 0.4 and rate_period(
                finance, agreement.number, FIRST + timedelta(days=chosen.randrange(70))
            ):
                issue_bill(finance, agreement.number)
        if rate_period(finance, agreement.number, END):
            issue_bill(finance, agreement.number)
        lines = BillLine.objects.filter(bill__agreement=agreement, bill__number__isnull=False)
        billed = lines.aggregate(sum=Sum("amount_fen"))["sum"] or 0
        found = billed + unbilled_fen(agreement, END), in_order(plan, happened)
        transaction.set_rollback(True)
    return found
