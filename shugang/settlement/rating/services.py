"""Rating runs: from metered use to a draft bill. Cumulative, so order and lateness of records do not matter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Sum

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.policy.money import split_vat

from .. import gates
from ..bills.models import Bill, BillLine, BillPeriod
from ..charges.models import ChargeAgreement
from ..charges.services import lock_agreement
from ..charges.vat import rate_on
from .lines import NewLine, difference, rated_total
from .periods import Period, service_periods
from .usage import quantities


class Rated(NamedTuple):
    """One service period at this run: what to bill of it and what the bill will rest on."""

    period: Period
    cut_at: datetime
    folded_until: datetime
    prior: BillPeriod | None
    quantities: dict[str, int]
    rated_fen: int
    prior_fen: int
    lines: list[NewLine]
    late: bool


def last_rating(agreement: ChargeAgreement, period: Period) -> BillPeriod | None:
    """What the newest issued bill of the period rests on, voided ones left out."""
    return (
        BillPeriod.objects.filter(bill__agreement=agreement, period_from=period.first, bill__number__isnull=False)
        .exclude(bill__state="void")
        .order_by("-bill_id")
        .first()
    )


def billed_fen(agreement: ChargeAgreement, period: Period) -> int:
    """What all issued bills and credit notes hold of a period."""
    lines = BillLine.objects.filter(bill__agreement=agreement, bill__number__isnull=False, period_from=period.first)
    lines = lines.exclude(bill__partial=True)  # an allowance leaves the use billed
    return int(lines.aggregate(sum=Sum("amount_fen"))["sum"] or 0)


class BrokenChain(RuntimeError):
    """The billed sum of a period is not what its last rating says: a defect or tampering, so nothing is billed."""


def look_at(agreement: ChargeAgreement, period: Period, until: datetime) -> Rated:
    """Rate one period with all the use known now that happened before `until`; for showing, nothing is checked."""
    plan = agreement.price_plan
    start, end = period.bounds(clock.zone())
    cut_at = max(start, min(end, until))
    folded_until = clock.real_now()
    now = quantities(agreement.grant, plan, start, cut_at, folded_until)
    before = last_rating(agreement, period)
    lines = difference(plan, now, before.quantities if before else None)
    late = before is not None and before.cut_at >= end
    prior_fen = billed_fen(agreement, period)
    return Rated(period, cut_at, folded_until, before, now, rated_total(plan, now), prior_fen, lines, late)


def rate_now(agreement: ChargeAgreement, period: Period, until: datetime) -> Rated:
    """As `look_at`, for billing. Raises BrokenChain."""
    found = look_at(agreement, period, until)
    if found.prior_fen != (found.prior.rated_fen if found.prior else 0):
        raise BrokenChain(f"{agreement.number} {period.first}: {found.prior_fen} was billed, its ratings say otherwise")
    return found


def open_periods(agreement: ChargeAgreement, until: datetime) -> list[Rated]:
    """Every begun period that has something to bill, or that was never billed and has been used; none while held."""
    if agreement.held_for:
        return []
    day = until.astimezone(clock.zone()).date()
    periods = service_periods(agreement.price_plan, agreement.starts_on, agreement.ends_on, day)
    rated = [rate_now(agreement, period, until) for period in periods]
    return [r for r in rated if _worth_billing(agreement, r)]


def _worth_billing(agreement: ChargeAgreement, rated: Rated) -> bool:
    if any(line.amount_fen for line in rated.lines):
        return True
    return bool(rated.lines) and last_rating(agreement, rated.period) is None


def unbilled_fen(agreement: ChargeAgreement, until: datetime) -> int:
    """分 for use that no bill holds yet."""
    return sum(r.rated_fen - r.prior_fen for r in open_periods(agreement, until))


@verb
def _draft(actor: Actor, agreement: ChargeAgreement, rated: list[Rated]) -> Bill:
    lines = [(r, line) for r in rated for line in r.lines]
    total = sum(line.amount_fen for _, line in lines)
    bill = Bill.objects.create(
        kind=Bill.Kind.BILL if total else Bill.Kind.STATEMENT,
        state="draft",
        agreement=agreement,
        buyer=agreement.buyer,
        supplier=agreement.supplier,
        period_from=rated[0].period.first,
        period_to=max(_covered(r) for r in rated),
        total_fen=total,
        tax_fen=0,
        drafted_at=clock.now(),
    )
    rates = {r.period.first: rate_on(agreement, r.period.first) for r in rated}
    rows = [_line(agreement, bill, n, r, line, rates[r.period.first]) for n, (r, line) in enumerate(lines, 1)]
    BillLine.objects.bulk_create(rows)
    BillPeriod.objects.bulk_create(
        BillPeriod(
            bill=bill,
            period_from=r.period.first,
            period_to=r.period.last,
            cut_at=r.cut_at,
            folded_until=r.folded_until,
            prior=r.prior,
            quantities=r.quantities,
            rated_fen=r.rated_fen,
            prior_fen=r.prior_fen,
        )
        for r in rated
    )
    bill.tax_fen = sum(row.tax_fen for row in rows)
    bill.save(update_fields=["tax_fen"])
    emit("bill.drafted", actor, agreement.event_refs(), {"total_fen": total, "lines": len(rows)})
    return bill


def _covered(rated: Rated) -> date:
    """The last day whose use is in: a running period ends, for this bill, on the day of the cut."""
    day = rated.cut_at.astimezone(clock.zone()).date()
    return max(rated.period.first, min(rated.period.last, day))


def _line(agreement: ChargeAgreement, bill: Bill, position: int, rated: Rated, line: NewLine, vat_bp: int) -> BillLine:
    start, _ = rated.period.bounds(clock.zone())
    return BillLine(
        bill=bill,
        position=position,
        period_from=rated.period.first,
        period_to=rated.period.last,
        charge_reason=line.charge_reason,
        tier=line.tier,
        late=rated.late,
        unit=line.unit,
        quantity=line.quantity,
        unit_price_e8=line.unit_price_e8,
        unit_size=line.unit_size,
        amount_fen=line.amount_fen,
        tax_fen=split_vat(line.amount_fen, vat_bp)[1],
        vat_bp=vat_bp,
        grant=agreement.grant,
        outcomes=list(line.outcomes),
        usage_from=start,
        usage_to=rated.cut_at,
    )


def rate_period(actor: Actor, contract: str, until: datetime | None = None) -> Bill | None:
    """Rate an agreement's use up to `until` (default now, never later) into its draft bill; None when nothing is due.

    An earlier draft is replaced. A negative sum is not billed but carried into the next run.
    Raises Refusal `forbidden`, `not_found`; BrokenChain.
    """
    gates.require_operator(actor)
    moment = min(until or clock.now(), clock.now())
    with transaction.atomic():
        agreement = lock_agreement(contract)  # two runs at once would both bill the same difference
        Bill.objects.filter(agreement=agreement, state="draft").delete()
        rated = open_periods(agreement, moment)
        if not rated or sum(r.rated_fen - r.prior_fen for r in rated) < 0:
            return None
        return _draft(actor, agreement, rated)


def rate_all(actor: Actor, until: datetime | None = None) -> list[Bill]:
    """A rating run over every agreement, each in its own transaction, in order of number."""
    gates.require_operator(actor)
    numbers = ChargeAgreement.objects.order_by("number").values_list("number", flat=True)
    return [bill for n in list(numbers) if (bill := rate_period(actor, n, until)) is not None]


def backed_quantities(agreement: ChargeAgreement, row: BillPeriod) -> Mapping[str, int]:
    """The part of a rating's quantities that metered use still backs; all of it unless records are missing."""
    period = Period(row.period_from, row.period_to)
    start, _ = period.bounds(clock.zone())
    now = quantities(agreement.grant, agreement.price_plan, start, row.cut_at, row.folded_until)
    return {outcome: min(count, now.get(outcome, 0)) for outcome, count in row.quantities.items()}
