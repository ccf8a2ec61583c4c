"""`reconcile`: compare everything, or one contract, and list what is still on its way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from shugang.kernel import clock, workdays
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found

from ..bills.models import Bill
from ..charges.models import ChargeAgreement
from ..charges.services import AGREEMENT
from ..payouts.models import BankLine
from ..rating.services import BrokenChain, unbilled_fen
from . import checks
from .models import ReconciliationRun
from .report import Check, Open, Report


def reconcile(day: date | None = None, contract: str = "") -> Report:
    """Use ↔ bills ↔ ledger ↔ bank. `day` bounds only which use counts as unbilled (default today).

    The caller has shown that the reader may see it. Raises Refusal `not_found` for an unknown contract.
    """
    now = clock.now()
    until = min(workdays.end_of(day), now) if day else now
    agreements = ChargeAgreement.objects.select_related("buyer", "supplier").order_by("number")
    if contract:
        agreements = agreements.filter(number=contract)
        if not agreements.exists():
            raise not_found(AGREEMENT)
    return Report(
        contract, until, list(_checks(agreements, whole=not contract)), list(_open(agreements, until, contract))
    )


def reconcile_for(actor: Actor, contract: str) -> Report:
    """One contract's reconciliation for one who takes part in it. Raises Refusal `not_found`."""
    if not ChargeAgreement.objects.visible_to(actor).filter(number=contract).exists():
        raise not_found(AGREEMENT)
    return reconcile(contract=contract)


def _checks(agreements: QuerySet[Any], whole: bool) -> Iterator[Check]:
    for agreement in agreements:
        yield from checks.use(agreement)
        yield from checks.bills(agreement)
        yield from checks.escrow(agreement)
    if whole:
        yield from checks.ledger()
        yield from checks.bank()


def _open(agreements: QuerySet[Any], until: datetime, contract: str) -> Iterator[Open]:
    for agreement in agreements:
        with suppress(BrokenChain):  # which the checks report as a difference
            if amount := unbilled_fen(agreement, until):
                yield Open("unbilled", agreement.number, amount, None)
    bills = Bill.objects.filter(agreement__in=agreements, kind="bill").order_by("pk")
    for bill in bills.filter(state__in=["issued", "disputed", "confirmed"]):
        yield Open("unpaid", str(bill.number), bill.total_fen, bill.issued_at)
    for bill in bills.filter(state__in=["paid", "splitting", "failed"]):
        yield Open("unsettled", str(bill.number), bill.total_fen, bill.paid_at)
    if not contract:
        for line in BankLine.objects.filter(state="suspense").order_by("pk"):
            yield Open("suspense", line.bank_ref, line.amount_fen, line.at)
        for line in BankLine.objects.filter(state="returned").exclude(instruction__state="done").order_by("pk"):
            yield Open("returning", line.bank_ref, line.amount_fen, line.at)


def runs(actor: Actor) -> QuerySet[ReconciliationRun]:
    return ReconciliationRun.objects.visible_to(actor).order_by("-pk")
