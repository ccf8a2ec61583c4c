"""Metered use as quantities to rate: by outcome, in the plan's unit, within [start, end) of rule time."""

from __future__ import annotations

from datetime import datetime

from shugang.delivery.metering.queries import charged_quantities
from shugang.policy.priceplan import PricePlan


def quantities(grant: str, plan: PricePlan, start: datetime, end: datetime) -> dict[str, int]:
    """Outcome → quantity of everything metered under a grant, charged or not."""
    return {outcome: count for outcome, count in charged_quantities(grant, start, end).items() if count}
