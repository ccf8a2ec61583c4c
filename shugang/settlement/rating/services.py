"""Rating runs: from metered use to a draft bill. Cumulative, so order and lateness of records do not matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Sum

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.events import Told, emit_many
from shugang.kernel.models import RuleProfile
from shugang.kernel.verbs import verb
from shugang.policy.money import split_vat

from .. import gates
from ..bills.models import Bill, BillLine, BillPeriod
from ..charges.models import ChargeAgreement
from ..charges.services import RUN_CHUNK, batched, lock_agreements, rules
from ..charges.vat import rate_on
from .basis import Basis, billed_lines, ratings
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
    """What the newest issued bill of the period rests on."""
    return ratings().filter(bill__agreement=agreement, period_from=period.first).last()


def billed_fen(agreement: ChargeAgreement, period: Period) -> int:
    """What all issued bills and credit notes hold of a period."""
    lines = billed_lines().filter(bill__agreement=agreement, period_from=period.first)
    return int(lines.aggregate(sum=Sum("amount_fen"))["sum"] or 0)


class BrokenChain(RuntimeError):
    """The billed sum of a period is not what its last rating says: a defect or tampering, so nothing is billed."""


def look_at(agreement: ChargeAgreement, period: Period, until: datetime, basis: Basis | None = None) -> Rated:
    """Rate one period with all the use known now that happened before `until`; for showing, nothing is checked.

    `basis`: what was read of many agreements at once, with the same `until`.
    """
    plan, basis = agreement.price_plan, basis or Basis([agreement], until)
    start, end = period.bounds(clock.zone())
    now, before = basis.quantities(agreement, period), basis.last(agreement, period)
    lines = difference(plan, now, before.quantities if before else None)
    return Rated(
        period=period,
        cut_at=max(start, min(end, until)),
        folded_until=basis.folded_until,
        prior=before,
        quantities=dict(now),
        rated_fen=rated_total(plan, now),
        prior_fen=basis.billed_fen(agreement, period),
        lines=lines,
        late=before is not None and before.cut_at >= end,
    )


def rate_now(agreement: ChargeAgreement, period: Period, basis: Basis) -> Rated:
    """As `look_at`, for billing. Raises BrokenChain."""
    found = look_at(agreement, period, basis.until, basis)
    if found.prior_fen != (found.prior.rated_fen if found.prior else 0):
        raise BrokenChain(f"{agreement.number} {period.first}: {found.prior_fen} was billed, its ratings say otherwise")
    return found


def open_periods(agreement: ChargeAgreement, until: datetime, basis: Basis | None = None) -> list[Rated]:
    """Every begun period that has something to bill, or that was never billed and has been used; none while held."""
    if agreement.held_for:
        return []
    basis = basis or Basis([agreement], until)
    day = until.astimezone(clock.zone()).date()
    periods = service_periods(agreement.price_plan, agreement.starts_on, agreement.ends_on, day)
    rated = [rate_now(agreement, period, basis) for period in periods]
    return [r for r in rated if any(line.amount_fen for line in r.lines) or (r.lines and r.prior is None)]


def unbilled_fen(agreement: ChargeAgreement, until: datetime, basis: Basis | None = None) -> int:
    """分 for use that no bill holds yet; `basis` as in `look_at`. Raises BrokenChain."""
    return sum(r.rated_fen - r.prior_fen for r in open_periods(agreement, until, basis))


class Due(NamedTuple):
    """An agreement with what is to be billed of it."""

    agreement: ChargeAgreement
    rated: list[Rated]


@verb
def _draft(actor: Actor, due: Sequence[Due]) -> list[Bill]:
    """The drafts of a chunk in a few statements; each bill with its lines, what it rests on, and its event."""
    bills, lines, periods = [], [], []
    profiles = {day: rules(day) for day in {r.period.first for _, rated in due for r in rated}}
    for agreement, rated in due:
        bill, own = _bill(agreement, rated, profiles)
        bills.append(bill)
        lines += own
        periods += [_rests_on(bill, r) for r in rated]
    Bill.objects.bulk_create(bills)
    BillLine.objects.bulk_create(lines)
    BillPeriod.objects.bulk_create(periods)
    counts = Counter(line.bill_id for line in lines)
    emit_many(
        actor,
        [
            Told("bill.drafted", b.agreement.event_refs(), {"total_fen": b.total_fen, "lines": counts[b.pk]})
            for b in bills
        ],
    )
    return bills


def _bill(
    agreement: ChargeAgreement, rated: list[Rated], profiles: Mapping[date, RuleProfile]
) -> tuple[Bill, list[BillLine]]:
    total = sum(line.amount_fen for r in rated for line in r.lines)
    bill = Bill(
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
    rates = {r.period.first: rate_on(agreement, r.period.first, profiles[r.period.first]) for r in rated}
    parts = [(r, line) for r in rated for line in r.lines]
    lines = [_line(agreement, bill, n, r, line, rates[r.period.first]) for n, (r, line) in enumerate(parts, 1)]
    bill.tax_fen = sum(line.tax_fen for line in lines)
    return bill, lines


def _rests_on(bill: Bill, rated: Rated) -> BillPeriod:
    return BillPeriod(
        bill=bill,
        period_from=rated.period.first,
        period_to=rated.period.last,
        cut_at=rated.cut_at,
        folded_until=rated.folded_until,
        prior=rated.prior,
        quantities=rated.quantities,
        rated_fen=rated.rated_fen,
        prior_fen=rated.prior_fen,
    )


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


def _rate(actor: Actor, numbers: Sequence[str], until: datetime) -> list[Bill]:
    """A chunk in one transaction. Agreements of which nothing is due, or whose sum is negative, have no draft."""
    with transaction.atomic():
        agreements = lock_agreements(numbers)  # two runs at once would both bill the same difference
        Bill.objects.filter(agreement__in=agreements, state="draft").delete()
        basis = Basis(agreements, until)
        found = [Due(agreement, open_periods(agreement, until, basis)) for agreement in agreements]
        due = [d for d in found if d.rated and sum(r.rated_fen - r.prior_fen for r in d.rated) >= 0]
        return _draft(actor, due) if due else []


def rate_period(actor: Actor, contract: str, until: datetime | None = None) -> Bill | None:
    """Rate an agreement's use up to `until` (default now, never later) into its draft bill; None when nothing is due.

    An earlier draft is replaced. A negative sum is not billed but carried into the next run.
    Raises Refusal `forbidden`, `not_found`; BrokenChain.
    """
    gates.require_operator(actor)
    made = _rate(actor, [contract], min(until or clock.now(), clock.now()))
    return made[0] if made else None


def rate_all(actor: Actor, until: datetime | None = None) -> list[Bill]:
    """A rating run over every agreement in order of number, a chunk to a transaction. Raises BrokenChain at the first
    agreement whose chain is broken; those before it have their drafts."""
    gates.require_operator(actor)
    moment, made = min(until or clock.now(), clock.now()), list[Bill]()
    for chunk in batched(ChargeAgreement.objects.order_by("number").values_list("number", flat=True), RUN_CHUNK):
        try:
            made += _rate(actor, chunk, moment)
        except BrokenChain:
            for number in chunk:
                made += _rate(actor, [number], moment)
    return made


def backed_quantities(agreement: ChargeAgreement, row: BillPeriod) -> Mapping[str, int]:
    """The part of a rating's quantities that metered use still backs; all of it unless records are missing."""
    period = Period(row.period_from, row.period_to)
    start, _ = period.bounds(clock.zone())
    now = quantities(agreement.grant, agreement.price_plan, start, row.cut_at, row.folded_until)
    return {outcome: min(count, now.get(outcome, 0)) for outcome, count in row.quantities.items()}
