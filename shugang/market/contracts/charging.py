"""The charge agreements of a contract: one from its first day, a further one from each day on which its price changes."""

from __future__ import annotations

from datetime import date, timedelta

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.parties.models import Party
from shugang.policy.priceplan import PricePlan
from shugang.settlement.charges.models import ChargeAgreement
from shugang.settlement.charges.services import BrokerFee, end_charge, extend_charge, register_charge, release_charge

from .models import Contract

HOLD = "acceptance"


def held_for(contract: Contract, plan: PricePlan) -> str:
    """A price that is paid once waits for the acceptance, where the contract has one."""
    waits = plan.kind == "one_off" and contract.answers.get("acceptance", "none") != "none"
    return HOLD if waits else ""


def charges(contract: Contract) -> list[ChargeAgreement]:
    """The contract's charge agreements, oldest first."""
    rows = ChargeAgreement.objects.filter(number__startswith=contract.number).order_by("pk")
    return [row for row in rows if row.contract == contract.number]


def last_day(until: date | None, contract: Contract) -> date:
    return until or (contract.valid_until - timedelta(microseconds=1)).astimezone(clock.zone()).date()


def _broker(contract: Contract) -> BrokerFee | None:
    """Who is paid out of the supplier's part, as the signed text says."""
    said = contract.snapshot.get("broker")
    if not said:
        return None
    party = Party.objects.get(number=said["number"])
    return BrokerFee(party, said.get("fee_bp", 0), said.get("fee_fen", 0), said["vat_bp"])


def register(actor: Actor, contract: Contract, plan: PricePlan, starts_on: date, ends_on: date, hold: str) -> str:
    """A charge agreement of this contract; returns its number, the contract's own for the first."""
    assert contract.grant is not None
    n = len(charges(contract)) + 1
    number = contract.number if n == 1 else f"{contract.number}-{n}"
    upstream = [ref for ref in contract.product.event_refs() if ref[0] != "party"]
    register_charge(
        actor,
        number=number,
        buyer=contract.buyer,
        supplier=contract.supplier,
        grant=contract.grant.number,
        plan=plan,
        starts_on=starts_on,
        ends_on=max(starts_on, ends_on),
        title=contract.product.name,
        shares=[(party, weight) for party, weight in contract.snapshot.get("shares", [])],
        refs=[("contract", contract.number), ("inquiry", contract.inquiry.case.number), *upstream],
        held_for=hold,
        broker=_broker(contract),
    )
    return number


def begin(actor: Actor, contract: Contract, plan: PricePlan) -> None:
    """The charge of a contract that comes into force."""
    assert contract.effective_at is not None
    start = max(contract.terms.valid_from, contract.effective_at).astimezone(clock.zone()).date()
    register(actor, contract, plan, start, last_day(None, contract), held_for(contract, plan))


def release(actor: Actor, contract: Contract) -> None:
    """What waited for the acceptance may be billed now."""
    for charge in charges(contract):
        if charge.held_for == HOLD and charge.state == ChargeAgreement.State.ACTIVE:
            release_charge(actor, charge.number)


def lower(actor: Actor, contract: Contract, plan: PricePlan) -> str:
    """A lower price takes the place of the one that waited, which stays held and is never billed; its number."""
    waiting = [c for c in charges(contract) if c.held_for == HOLD and c.state == ChargeAgreement.State.ACTIVE]
    for charge in waiting:
        end_charge(actor, charge.number, clock.today(), "price lowered at acceptance")
    first = waiting[0].starts_on if waiting else clock.today()
    return register(actor, contract, plan, first, last_day(None, contract), "")


def change(actor: Actor, contract: Contract, plan: PricePlan, from_on: date) -> str:
    """A new price from a day on; the former ends on the day before. Its number."""
    for charge in charges(contract):
        if charge.state == ChargeAgreement.State.ACTIVE and charge.ends_on >= from_on:
            end_charge(actor, charge.number, from_on - timedelta(days=1), "price changed by an amendment")
    return register(actor, contract, plan, from_on, last_day(None, contract), "")


def extend(actor: Actor, contract: Contract) -> str:
    """The same price over a longer period. Its number."""
    current = charges(contract)[-1]
    extend_charge(actor, current.number, last_day(None, contract))
    return current.number


def end(actor: Actor, contract: Contract, on: date, reason: str) -> None:
    """No more is charged after a day. One that would begin later never does."""
    for charge in charges(contract):
        if charge.state == ChargeAgreement.State.ACTIVE:
            end_charge(actor, charge.number, on, reason)
