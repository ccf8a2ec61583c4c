"""The answers to a demand side by side: price, terms, coverage, quality, each as it stands now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shugang.assets.thirdparty.kinds import RESULTS
from shugang.kernel.actors import Actor
from shugang.policy.terms import MODES, quota_text
from shugang.policy.text import Text

from ..products import pricing
from ..products.models import DataProduct
from ..products.queries import frequency, public_quality
from ..responses.models import DemandResponse
from ..trade.process import TRADE
from .models import Demand, QuoteInvitation
from .queries import invitations_of

_STATES = {s.name: s for s in TRADE.states}


@dataclass(frozen=True)
class Answer:
    """One answer as the demander compares it: to his invitation, or one that came uninvited and that he inquired about."""

    invitation: QuoteInvitation | DemandResponse
    product: DataProduct
    state: Text
    tone: str
    price: Text
    quoted: bool
    facts: list[tuple[Text, Any]]


def answers(demand: Demand, actor: Actor) -> list[Answer]:
    given: list[QuoteInvitation | DemandResponse] = [*invitations_of(demand, actor), *offered_to(demand, actor)]
    return [_answer(demand, i) for i in given if i.inquiry is not None and i.product is not None]


def offered_to(demand: Demand, actor: Actor) -> list[DemandResponse]:
    """Answers that came uninvited to the actor's own demand, the newest first."""
    rows = DemandResponse.objects.visible_to(actor).filter(demand=demand, demand__party_id=actor.party_id or 0)
    related = ("case", "supplier", "product__supplier", "product__dataset_version", "inquiry__case")
    return list(rows.select_related(*related).order_by("-pk"))


def _answer(demand: Demand, invitation: QuoteInvitation | DemandResponse) -> Answer:
    product, inquiry = invitation.product, invitation.inquiry
    assert product is not None and inquiry is not None
    last = inquiry.last
    terms, plan = (last.read_terms(), last.read_plan()) if last else (product.terms, product.plan)
    state = _STATES[inquiry.case.state]
    wanted = [c["name"] for c in demand.content.get("columns", ())]
    report = public_quality(product)
    version = product.dataset_version
    quotas = [quota_text(q) for q in terms.quotas]
    until = terms.valid_until.date().isoformat()
    facts: list[tuple[Text, Any]] = [
        (Text("交付方式", "Delivery"), MODES[product.mode]),
        (Text("期限", "Period"), Text(f"至{until}", f"until {until}")),
        (Text("用量上限", "Quotas"), Text("；".join(t.zh for t in quotas), "; ".join(t.en for t in quotas)) if quotas else Text("不限", "None")),
        (Text("字段", "Columns"), Text(f"提供{len(terms.fields)}个，需要{len(wanted)}个", f"{len(terms.fields)} offered, {len(wanted)} wanted")),
        (Text("时间与地域范围", "Period and place"), str(product.spec.get("coverage", ""))),
        (Text("更新", "Freshness"), frequency(product)),
        (Text("行数", "Rows"), version.rows),
        (Text("质量", "Quality"), RESULTS[report.result][0] if report else Text("未经第三方评价", "Not evaluated")),
    ]  # fmt: skip
    return Answer(invitation, product, state.label, state.tone, pricing.headline(plan), last is not None, facts)
