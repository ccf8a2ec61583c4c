"""A contract's statement (对账单): what was used, billed, paid, settled, and what is still open. Scoped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.priceplan import KINDS as PLAN_KINDS
from shugang.policy.text import Text

from ..bills.lifecycle import STATES
from ..bills.models import Bill
from ..charges.models import ChargeAgreement
from ..charges.services import AGREEMENT
from ..rating.periods import Period, service_periods
from ..rating.services import Rated, look_at
from .queries import reconcile
from .report import Report


@dataclass(frozen=True)
class Statement:
    """Amounts in 分. used = billed + unbilled and billed - credited = settled + paid + unpaid, each summed from its own rows."""

    agreement: ChargeAgreement
    as_of: datetime
    periods: list[Rated]
    bills: list[Bill]
    report: Report

    @property
    def plan_kind(self) -> Text:
        return PLAN_KINDS[self.agreement.price_plan.kind]

    @property
    def used_fen(self) -> int:
        return sum(period.rated_fen for period in self.periods)

    @property
    def billed_fen(self) -> int:
        """Bills less the credit notes that voided some; allowances stand apart (`credited_fen`)."""
        return sum(bill.total_fen for bill in self.bills if not bill.partial)

    @property
    def credited_fen(self) -> int:
        """Taken off bills by partial credit notes."""
        return -sum(bill.total_fen for bill in self.bills if bill.partial)

    @property
    def unbilled_fen(self) -> int:
        return sum(period.rated_fen - period.prior_fen for period in self.periods)

    def at_stage(self, stage: str) -> int:
        """Of the bills that stand, less what was credited (voided ones and their credit notes cancel out)."""
        return sum(b.due_fen for b in self.bills if b.kind == Bill.Kind.BILL and STATES[b.state].stage == stage)

    @property
    def difference_fen(self) -> int:
        """What keeps the statement from adding up, plus every difference that reconciliation found."""
        stages = sum(self.at_stage(stage) for stage in ("billed", "paid", "settled"))
        return (
            abs(self.used_fen - self.billed_fen - self.unbilled_fen)
            + abs(self.billed_fen - self.credited_fen - stages)
            + self.report.total_difference_fen
        )


def agreements(actor: Actor) -> QuerySet[ChargeAgreement]:
    """Agreements that the actor's party takes part in (all for platform finance and the supervisor)."""
    rows: QuerySet[ChargeAgreement] = ChargeAgreement.objects.visible_to(actor)
    return rows.select_related("buyer", "supplier", "profile")


def statement(actor: Actor, contract: str) -> Statement:
    """Raises Refusal `not_found`."""
    agreement = agreements(actor).filter(number=contract).first()
    if agreement is None:
        raise not_found(AGREEMENT)
    now = clock.now()
    found = [look_at(agreement, period, now) for period in _periods(agreement)]
    bills = Bill.objects.visible_to(actor).filter(Q(agreement=agreement), number__isnull=False).order_by("pk")
    return Statement(agreement, now, found, list(bills), reconcile(contract=contract, hashes=False))


def _periods(agreement: ChargeAgreement) -> list[Period]:
    return list(service_periods(agreement.price_plan, agreement.starts_on, agreement.ends_on, clock.today()))
