"""Factories for tests of disputes, built on the real verbs.

quarrel = make_quarrel()                    # a contract in force with a bill, an agency of arbitration, a mediator
case = to_state(quarrel, "hearing")
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shugang.assets.thirdparty.testing import Agency, Desk, list_offer, make_agency, make_file
from shugang.kernel import engine
from shugang.kernel.models import Case
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.testing import make_actor
from shugang.policy.priceplan import PricePlan
from shugang.settlement.bills.models import Bill
from shugang.settlement.testing import issue

from .. import testing as market
from ..contracts.models import Contract
from . import services
from .models import Dispute

ONE_OFF = PricePlan("one_off", price_fen=1400)
CLAIM: dict[str, Any] = {
    "kind": "quality", "remedies": ["refund"], "claim_fen": "7.00",
    "statement": "三月缺测超过约定的百分之五，见合同质量条款。",
}  # fmt: skip


@dataclass(frozen=True)
class Quarrel:
    """A deal with its contract and one issued bill of 14.00 元, the venue's people, and an agency of arbitration."""

    deal: market.Deal
    contract: Contract
    bill: Bill | None
    finance: PartyActor
    mediator: PartyActor
    officer: PartyActor
    agency: Agency

    @property
    def buyer(self) -> PartyActor:
        return self.deal.buyer

    @property
    def supplier(self) -> PartyActor:
        return self.deal.supplier


def make_quarrel(billed: bool = True) -> Quarrel:
    deal = market.make_deal(plan=ONE_OFF)
    contract = market.delivered(deal, market.signed(deal))
    venue = deal.venue.operator
    finance = make_actor(venue, ("finance",))
    bill = None
    if billed:
        bill = issue(finance, contract.number)
    agency = make_agency(desk=Desk(venue, deal.venue.handler, deal.venue.decider))
    list_offer(agency, Desk(venue, deal.venue.handler, deal.venue.decider), "arbitration")
    return Quarrel(deal, contract, bill, finance, deal.venue.decider, deal.venue.handler, agency)


def dispute_over(quarrel: Quarrel, **changes: Any) -> Dispute:
    form = {k: v for k, v in {**CLAIM, **changes}.items() if v is not None}
    return services.open_dispute(quarrel.buyer, quarrel.contract.number, form)


def evidence(actor: PartyActor, text: str = "", **changes: Any) -> dict[str, Any]:
    return {"file": make_file(actor, text), "proves": "三月的缺测比例。", **changes}


AWARD: dict[str, Any] = {
    "result": "partly", "refund_fen": "3.50", "access": "continue", "opinion": "缺测属实，按缺测比例退还一部分。",
}  # fmt: skip
PROPOSAL: dict[str, Any] = {"refund_fen": "2.00", "access": "continue", "text": "供方退还二元，双方再无争议。"}
WHY = {"reason": "示例理由。"}
PATHS: dict[str, tuple[str, ...]] = {
    "filed": (),
    "negotiating": ("answer",),
    "mediating": ("answer", "escalate"),
    "unsettled": ("answer", "escalate", "close_mediation"),
    "requested": ("answer", "escalate", "close_mediation", "request"),
    "hearing": ("answer", "escalate", "close_mediation", "request", "take"),
    "executing": ("answer", "escalate", "close_mediation", "request", "take", "award"),
    "closed": ("answer", "escalate", "close_mediation", "request", "take", "dismiss"),
    "withdrawn": ("withdraw",),
    "unresolved": ("answer", "escalate", "close_mediation", "lapse"),
}


def answers_for(quarrel: Quarrel, step: str) -> dict[str, Any]:
    """Form answers that a step of a dispute accepts."""
    return {
        "answer": {"stance": "deny", "statement": "缺测在约定范围内。"},
        "request": {"offer": quarrel.agency.offers["arbitration"], "reason": "调解未成。"},
        "take": {}, "award": AWARD, "execute": {}, "received": {},
    }.get(step, WHY)  # fmt: skip


def who(quarrel: Quarrel, step: str) -> PartyActor:
    return {
        "answer": quarrel.supplier, "close_mediation": quarrel.mediator, "take": quarrel.agency.handler,
        "decline": quarrel.agency.handler, "award": quarrel.agency.signer, "execute": quarrel.finance,
    }.get(step, quarrel.buyer)  # fmt: skip


def to_state(quarrel: Quarrel, state: str, dispute: Dispute | None = None) -> Case:
    """Lead a dispute to a state by real steps."""
    number = (dispute or dispute_over(quarrel)).number
    for step in PATHS[state]:
        if step == "lapse":
            engine.fire(number, step)
        elif step == "dismiss":
            said = {**AWARD, "result": "dismissed", "refund_fen": "0"}
            engine.act(number, "award", quarrel.agency.signer, said)
        else:
            engine.act(number, step, who(quarrel, step), answers_for(quarrel, step))
    return Case.objects.get(number=number)
