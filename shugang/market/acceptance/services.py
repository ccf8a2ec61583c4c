"""Verbs of acceptance. Each is a step of `market.acceptance`; opening it belongs to the last signature of a contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import engine
from shugang.kernel.actors import Actor
from shugang.kernel.models import Case

from ..contracts.models import Contract
from .models import Acceptance
from .process import CODE


def rule_of(contract: Contract) -> str:
    """The contract's way of acceptance; "none" where its form asks for none, or has no such question."""
    return str(contract.answers.get("acceptance", "none"))


def open_acceptance(actor: Actor, contract: Contract) -> Acceptance:
    """Open the acceptance of a contract that has just come into force; runs in the transaction of the last signature."""
    rule = rule_of(contract)
    data = {"inspection_days": contract.answers["inspection_days"], "silence": rule == "silence", "rule": rule}
    case = engine.open_case(
        CODE, actor, [("buyer", contract.buyer_id), ("supplier", contract.supplier_id)], contract.product.name, data,
        refs=contract.event_refs(), parent=contract.case,
    )  # fmt: skip
    return Acceptance.objects.create(case=case, contract=contract, rule=rule)


def act(actor: Actor, number: str, step: str, data: Mapping[str, Any], revision: int | None = None) -> Case:
    """Take one step. Raises Refusal: what `engine.act` and the guards say."""
    return engine.act(number, step, actor, data, revision)


def decide(number: str, accepted: bool) -> Case:
    """Carry out what a dispute decided about a delivery: accepted as it is, or at an end.

    The caller (market.disputes) has the authority and emits its own event. Raises Refusal `not_found`, `wrong_state`.
    """
    return engine.fire(number, "uphold" if accepted else "close")
