"""Factories for tests of authorised operation and of scenarios, built on the real verbs.

field = make_field()                # a city whose resource is reviewed and registered, with two bidders and three scorers
operation = in_force(field)         # selected, signed by both, with its grants
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shugang.assets import testing as assets
from shugang.assets.models import Certificate
from shugang.kernel import clock, engine
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.testing import make_actor, make_party, make_signer

from ..sharing.testing import City, make_city
from . import services
from .forms import CRITERIA
from .models import Operation, OperationBid


@dataclass(frozen=True)
class Field:
    city: City
    signer: PartyActor  # of the implementing body, the city's department
    scorers: tuple[PartyActor, ...]
    first: PartyActor  # signers of two bidders
    second: PartyActor


def plan_form(city: City, **changes: Any) -> dict[str, Any]:
    return {
        "title": "街道数据授权运营", "mode": "field", "field": "city", "resources": city.resource.number, "aims": "服务社区商业网点规划。",
        "years": "3", "products": "街道人口指数｜100.00｜次\n网点选址报告｜0｜份", "security": "隔离环境，原始数据不出域。",
        "duties": "按季报告，接受检查。", "exit": "终止后7日内交接并删除。", **changes,
    }  # fmt: skip


BID = {
    "proposal": "建设运营环境，开发两类产品。",
    "capability": "有相应团队。",
    "security": "等保三级。",
    "fees": "不高于上限。",
    "declaration": True,
}


def register(city: City, office: assets.Office | None = None) -> Certificate:
    """The public resource registered, on the strength of the plan that was approved."""
    until = clock.today() + timedelta(days=1200)
    return assets.make_certificate(
        city.handler, city.version, office or assets.make_registrar(), profile="registration-public", public_object="resource",
        authorisation_proof=assets.make_material(city.handler, "实施方案审定意见"), authorised_until=until.isoformat(),
        validity_years="3",
    )  # fmt: skip


def make_field(registered: bool = True, reviewed: bool = True, **facts: Any) -> Field:
    city = make_city(**facts)
    if reviewed:
        assets.make_reviewed(city.handler, city.version)
    if registered:
        register(city)
    scorers = (
        make_actor(city.office, ("reviewer",)), make_actor(city.civil, ("analyst",)), make_actor(city.civil, ("reviewer",)),
    )  # fmt: skip
    return Field(
        city,
        make_signer(city.civil),
        scorers,
        make_signer(make_party("supplier")),
        make_signer(make_party("supplier", "buyer")),
    )


def calling(field: Field, **changes: Any) -> Operation:
    row = services.plan(field.city.handler, plan_form(field.city, **changes))
    engine.act(row.number, "approve_plan", field.city.reviewer, {"opinion": "同意。"})
    return row


def evaluating(field: Field) -> tuple[Operation, OperationBid, OperationBid]:
    row = calling(field)
    bids = services.bid(field.first, row.number, BID), services.bid(field.second, row.number, BID)
    engine.fire(row.number, "end_call")
    return row, *bids


def points(share: int) -> dict[str, int]:
    """That share (in percent) of the most points, by criterion."""
    return {code: most * share // 100 for code, _, most in CRITERIA}


def scored(field: Field, shares: tuple[int, int] = (90, 70)) -> Operation:
    row, *bids = evaluating(field)
    said = {bid.number: points(share) for bid, share in zip(bids, shares, strict=True)}
    for scorer in field.scorers:
        engine.act(row.number, "score", scorer, {"scores": said})
    return Operation.objects.select_related("case").get(pk=row.pk)


def contracting(field: Field) -> Operation:
    row = scored(field)
    engine.act(row.number, "publish_result", field.city.handler)
    engine.fire(row.number, "confirm")
    return Operation.objects.select_related("case", "developer").get(pk=row.pk)


def in_force(field: Field) -> Operation:
    row = contracting(field)
    engine.act(row.number, "sign", field.signer)
    engine.act(row.number, "sign", field.first)
    return Operation.objects.select_related("case", "developer").get(pk=row.pk)
