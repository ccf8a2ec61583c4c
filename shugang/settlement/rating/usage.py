"""Metered use as quantities to rate, and as the rows behind a bill's line. Read for the system; pages scope again."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from shugang.delivery.metering.models import UsageRecord
from shugang.delivery.metering.queries import by_price, lineage
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.policy.priceplan import REVENUE, PricePlan, recorded_as

from .. import gates
from ..bills.models import BillLine
from ..charges.revenue import reported_revenue

# Nothing was delivered by a refused or void use, so it is no quantity of anything.
_DELIVERED = ("answered", "aborted")


def quantities(grant: str, plan: PricePlan, start: datetime, end: datetime, known: datetime) -> dict[str, int]:
    """Outcome → quantity in the plan's unit, of uses at [start, end) of rule time; by day where the plan asks for days.

    Billable outcomes count as far as metering charged them (each billing key once); the others count in full,
    so that the bill can say why they cost nothing. `known`: revenue counts as it was reported by then (real time).
    """
    unit = "calls" if plan.kind == "revenue" else plan.unit
    uncharged = Q(charged=False, state__in=_DELIVERED) & ~Q(outcome__in=recorded_as(plan.billable))
    rows = UsageRecord.objects.filter(grant__number__in=lineage(grant), at__gte=start, at__lt=end)
    found = by_price(rows.filter(Q(charged=True) | uncharged), unit, plan.by_day)
    if plan.kind == "revenue":
        found[REVENUE] = reported_revenue(grant, start.astimezone(clock.zone()).date(), known)
    return {outcome: count for outcome, count in sorted(found.items()) if count}


def visible_uses(actor: Actor) -> QuerySet[UsageRecord]:
    """Use records for a bill's reader: his party's; all for platform finance, who answers disputes about them."""
    if gates.is_operator_finance(actor):
        return UsageRecord.objects.select_related("plane")
    return UsageRecord.objects.visible_to(actor).select_related("plane")


def uses_of(line: BillLine, rows: QuerySet[UsageRecord]) -> QuerySet[UsageRecord]:
    """Of `rows` (what the reader may see), those behind a line: for a difference, what the bill before had not."""
    basis = line.bill.periods.select_related("prior").filter(period_from=line.period_from).first()
    if basis is None:  # a credit note negates the lines of the bill that it corrects
        original = line.bill.corrects and line.bill.corrects.lines.filter(position=line.position).first()
        return uses_of(original, rows) if original else rows.none()
    rows = rows.filter(
        grant__number__in=lineage(line.grant),
        state__in=_DELIVERED,
        at__gte=line.usage_from,
        at__lt=line.usage_to,
        folded_at__lte=basis.folded_until,
    )
    if line.outcomes:
        rows = rows.filter(outcome__in=line.outcomes if line.unit == "calls" else recorded_as(line.outcomes))
    if line.charge_reason in {"unit", "tier", "package", "included", "outcome", "volume"}:
        rows = rows.filter(charged=True)
    if basis.prior is not None:
        rows = rows.exclude(Q(at__lt=basis.prior.cut_at) & Q(folded_at__lte=basis.prior.folded_until))
    return rows.order_by("-pk")
