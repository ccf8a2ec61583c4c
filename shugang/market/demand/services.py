"""Verbs of the demand. Each is one step of the procedure `market.demand`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import forbidden
from shugang.kernel.models import Case
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.parties.organisations.queries import the_operator

from . import broking, forms, guards, queries
from .process import DEMAND


def may_demand(actor: Actor) -> bool:
    return actor.party_id is not None and "buyer" in actor.roles and "handler" in actor.duties


def require_demander(actor: Actor) -> None:
    """Raises Refusal `forbidden`."""
    if not may_demand(actor):
        raise forbidden(
            "需求由需方的经办发布。请切换到需方机构，或联系本机构管理员分配岗位。",
            "Demands are published by a buyer's handler. Please act for a buyer, or ask your manager for the duty.",
        )


@verb
def draft(actor: Actor, data: Mapping[str, Any]) -> Case:
    """A new demand in draft. Raises Refusal `forbidden`, `buyer_not_active`, `invalid_form`, `not_found` (no venue yet)."""
    require_demander(actor)
    guards.check_buyer(Party.objects.get(pk=actor.party_id or 0))
    answers = forms.read(data)
    parties = [("demander", actor.party_id or 0), ("operator", the_operator().pk)]
    return engine.open_case(DEMAND.code, actor, parties, answers["title"], forms.spelled(data))


def put_forward(actor: Actor, number: str, revision: int | None = None) -> Case:
    """Publish the draft, or submit it where the rules want a review. Raises what `engine.act` and the guards say."""
    demand = queries.get_demand(actor, number)
    return engine.act(number, "submit" if guards.reviews(demand.case) else "publish", actor, {}, revision)


def revise(actor: Actor, number: str, data: Mapping[str, Any], revision: int | None = None) -> Case:
    """The next version: of a draft as it is, of a published demand at once or by another review."""
    demand = queries.get_demand(actor, number)
    step = "revise"
    if demand.state != "draft":
        step = "amend_for_review" if guards.reviews(demand.case) else "amend"
    return engine.act(number, step, actor, forms.spelled(data), revision)


@verb
def post_for(actor: Actor, mandate: str, data: Mapping[str, Any]) -> Case:
    """A broker posts a demand for its principal: drafted and put forward at once.

    Raises Refusal `not_a_broker`, `beyond_mandate`, and what `draft` and `put_forward` say.
    """
    budget = forms.read(data).get("budget_high")
    acting = broking.acting(actor, mandate, "demand", amount_fen=budget, bounded=True)
    return put_forward(acting, draft(acting, data).number)
