"""`reconcile`: compare everything, or one contract, and list what is still on its way; the kept runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from shugang.kernel import clock, workdays
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.text import Text

from ..bills.models import Bill
from ..charges.models import ChargeAgreement
from ..charges.services import AGREEMENT, RUN_CHUNK, batched
from ..payouts.models import BankLine
from ..rating.basis import Basis
from ..rating.services import BrokenChain, unbilled_fen
from . import checks, use
from .models import ReconciliationRun
from .report import Check, Open, Report

RUN = Text("这次对账", "reconciliation")


def reconcile(day: date | None = None, contract: str = "", hashes: bool = True) -> Report:
    """The plane's books ↔ use records ↔ bills, ledger and bank ↔ what buyers signed. `hashes`: compare signed records by
    their hashes too, which reads each of them. `day` bounds only which use counts as unbilled (default today).

    The caller has shown that the reader may see it. Raises Refusal `not_found` for an unknown contract.
    """
    now = clock.now()
    until = min(workdays.end_of(day), now) if day else now
    agreements = ChargeAgreement.objects.select_related("buyer", "supplier").order_by("number")
    if contract:
        agreements = agreements.filter(number=contract)
        if not agreements.exists():
            raise not_found(AGREEMENT)
    found = _checks(agreements, contract, hashes)
    return Report.of(contract, until, found, _open(agreements, until, contract))


def reconcile_for(actor: Actor, contract: str) -> Report:
    """One contract's reconciliation for one who takes part in it. Raises Refusal `not_found`."""
    if not ChargeAgreement.objects.visible_to(actor).filter(number=contract).exists():
        raise not_found(AGREEMENT)
    return reconcile(contract=contract)


def _checks(agreements: QuerySet[Any], contract: str, hashes: bool) -> Iterator[Check]:
    yield from use.journal(contract)
    yield from use.signed(contract, hashes)
    for agreement in agreements:
        yield from checks.use(agreement)
        yield from checks.bills(agreement)
        yield from checks.escrow(agreement)
        yield from checks.prepaid(agreement)
    if not contract:
        yield from use.sequence()
        yield from checks.deposits()
        yield from checks.reserves()
        yield from checks.ledger()
        yield from checks.bank()


def _open(agreements: QuerySet[Any], until: datetime, contract: str) -> Iterator[Open]:
    yield from use.unsigned(contract)
    if not contract:
        yield from use.stated_until()
    for chunk in batched(agreements, RUN_CHUNK):
        basis = Basis(chunk, until)
        for agreement in chunk:
            with suppress(BrokenChain):  # which the checks report as a difference
                if amount := unbilled_fen(agreement, until, basis):
                    yield Open("unbilled", agreement.number, amount, None)
    bills = Bill.objects.filter(agreement__in=agreements, kind="bill").order_by("pk")
    for bill in bills.filter(state__in=["issued", "disputed", "confirmed"]):
        yield Open("unpaid", str(bill.number), bill.due_fen, bill.issued_at)
    for bill in bills.filter(state__in=["paid", "reserved", "contested", "splitting", "failed"]):
        yield Open("unsettled", str(bill.number), bill.due_fen, bill.paid_at)
    if not contract:
        for line in BankLine.objects.filter(state="suspense").order_by("pk"):
            yield Open("suspense", line.bank_ref, line.amount_fen, line.at)
        for line in BankLine.objects.filter(state="returned").exclude(instruction__state="done").order_by("pk"):
            yield Open("returning", line.bank_ref, line.amount_fen, line.at)


def runs(actor: Actor) -> QuerySet[ReconciliationRun]:
    return ReconciliationRun.objects.visible_to(actor).order_by("-pk")


def newest(actor: Actor) -> Report | None:
    """What the last kept run found; None when none was kept or the actor may not see it."""
    run = runs(actor).first()
    return Report.from_json(run.report) if run else None


def get_run(actor: Actor, number: str) -> ReconciliationRun:
    """Raises Refusal `not_found`."""
    run = runs(actor).filter(number=number).first()
    if run is None:
        raise not_found(RUN)
    return run
