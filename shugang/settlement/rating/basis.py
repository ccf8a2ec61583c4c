"""What ratings of many agreements rest on, read in a few passes: use by day, last ratings, what was billed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import QuerySet, Sum

from shugang.delivery.metering.queries import Window, lineages, windows
from shugang.kernel import clock
from shugang.policy.priceplan import day_key, priced_as, recorded_as

from ..bills.models import BillLine, BillPeriod
from ..charges.models import ChargeAgreement
from .periods import Period
from .usage import quantities

# What a window counts; other units ask each record, or the buyer's report.
_COUNTED = ("calls", "rows", "bytes")


def ratings() -> QuerySet[BillPeriod]:
    """What issued bills rest on, voided ones left out, oldest first."""
    rows = BillPeriod.objects.filter(bill__number__isnull=False).exclude(bill__state="void")
    return rows.order_by("bill_id")


def billed_lines() -> QuerySet[BillLine]:
    """Lines of all issued bills and credit notes; an allowance leaves the use billed."""
    return BillLine.objects.filter(bill__number__isnull=False).exclude(bill__partial=True)


class Basis:
    """Of some agreements, with the use known now that happened before `until` (rule time). Read when first asked."""

    def __init__(self, agreements: Sequence[ChargeAgreement], until: datetime) -> None:
        self.until, self.folded_until = until, clock.real_now()
        ids = [a.pk for a in agreements]
        self._last = {
            (row.bill.agreement_id, row.period_from): row
            for row in ratings().filter(bill__agreement__in=ids).select_related("bill")
        }
        sums = billed_lines().filter(bill__agreement__in=ids).values_list("bill__agreement", "period_from")
        self._billed = {(pk, first): int(fen) for pk, first, fen in sums.annotate(fen=Sum("amount_fen"))}
        counted = [a.grant for a in agreements if a.grant and a.price_plan.unit in _COUNTED]
        families = lineages(counted)
        used: dict[str, list[Window]] = defaultdict(list)
        for window in windows(sorted({number for family in families.values() for number in family}), until):
            used[window.grant].append(window)
        self._used = {grant: [w for number in family for w in used[number]] for grant, family in families.items()}

    def last(self, agreement: ChargeAgreement, period: Period) -> BillPeriod | None:
        return self._last.get((agreement.pk, period.first))

    def billed_fen(self, agreement: ChargeAgreement, period: Period) -> int:
        return self._billed.get((agreement.pk, period.first), 0)

    def quantities(self, agreement: ChargeAgreement, period: Period) -> Mapping[str, int]:
        """As `usage.quantities`, which asks the records themselves, of the period up to `until`."""
        plan = agreement.price_plan
        if plan.unit not in _COUNTED:
            start, end = period.bounds(clock.zone())
            return quantities(agreement.grant, plan, start, max(start, min(end, self.until)), self.folded_until)
        billable, found = frozenset(recorded_as(plan.billable)), defaultdict[str, int](int)
        for window in self._used.get(agreement.grant, ()):
            if not period.first <= window.day <= period.last or (not window.charged and window.outcome in billable):
                continue
            name = priced_as(window.outcome)
            found[day_key(name, window.day) if plan.by_day else name] += window.of(plan.unit)
        return {outcome: count for outcome, count in sorted(found.items()) if count}
