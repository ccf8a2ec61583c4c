"""Factories for appraisals, built on the real verbs.

firm = make_firm(); client = make_actor(make_party("supplier"), ("handler", "finance"))
appraisal = make_appraisal(client, firm)           # issued, signed by two
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.models import Case
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.keys.services import make_key
from shugang.parties.models import Party
from shugang.parties.testing import make_actor

from ..registration.models import DataAsset
from ..testing import make_certificate
from ..thirdparty.testing import Agency, Desk, list_offer, make_agency
from . import guards, services
from .formulas import bookcost
from .models import Appraisal


@dataclass(frozen=True)
class Firm:
    """An appraisal institution with a listed service, and the four people whom the procedure asks for."""

    party: Party
    handler: PartyActor
    reviewer: PartyActor
    first: PartyActor
    second: PartyActor


def make_firm() -> Firm:
    agency = make_agency("appraisal")
    return _staffed(agency.party)


def firm_of(party: Party, desk: Desk, handler: PartyActor) -> Firm:
    """A standing agency, whose service is listed unless it is."""
    if guards.qualification_of(party.pk) is None:
        list_offer(Agency(party, handler, handler), desk, "appraisal")
    return replace(_staffed(party), handler=handler)


def _staffed(party: Party) -> Firm:
    first, second = (make_actor(party, ("signer",)) for _ in range(2))
    make_key(first)
    make_key(second)
    return Firm(party, make_actor(party, ("handler",)), make_actor(party, ("reviewer",)), first, second)


def engagement(**changes: Any) -> dict[str, Any]:
    form = {
        "purpose": "transfer", "value_type": "market", "base_date": (clock.today() - timedelta(days=30)).isoformat(),
        "scenario": "供环境研究机构订阅逐时数据，按年收费。", **changes,
    }  # fmt: skip
    return {k: v for k, v in form.items() if v is not None}


def answers(base: date | None = None, **changes: Any) -> dict[str, Any]:
    """A paper with all three methods that every rule allows; None removes an answer."""
    day = base or clock.today() - timedelta(days=30)
    deals = [(f"示例案例{n}", (day - timedelta(days=40 * k)).isoformat(), price, x)
             for k, (n, price, x) in enumerate((("甲", "380000", "1.05,1,1.02,1,1"), ("乙", "420000", "0.95,1,1.01,0.98,1"),
                                                ("丙", "400000", "1,1.02,1,1,1")))]  # fmt: skip
    form = {
        "assumptions": "数据资产按现有用途继续使用。\n国家现行法律、政策没有重大变化。",
        "quality_way": "ahp",
        "quality_evaluator": "示例质量评价机构",
        "quality_matrix": "1,2,2,3,3,4\n1/2,1,1,2,2,3\n1/2,1,1,2,2,3\n1/3,1/2,1/2,1,1,2\n1/3,1/2,1/2,1,1,2\n1/4,1/3,1/3,1/2,1/2,1",
        "quality_scores": "0.95,0.92,0.90,1,0.80,1",
        "income_use": True,
        "income_reason": "收益来自订阅合同，可以预测。",
        "income_way": "share",
        "income_timing": "mid",
        "income_flows": "600000,20\n650000,20\n700000,18\n700000,18\n680000,16",
        "life_legal": "10", "life_contract": "5", "life_economic": "6",
        "rate_free": "2.5", "rate_management": "3", "rate_circulation": "2.5", "rate_security": "2", "rate_supervision": "2",
        "cost_use": True,
        "cost_reason": "采集和整理支出有完整账目。",
        "cost_way": "delta",
        "cost_preliminary": "30000", "cost_direct": "260000", "cost_indirect": "50000", "cost_opportunity": "20000", "cost_tax": "12000",
        "delta_term": "1.05", "delta_scenario": "1.1",
        "market_use": True,
        "market_reason": "本市有同类数据的成交记录。",
        "market_comparables": "\n".join(f"全部,{name},{on},{price},{x}" for name, on, price, x in deals),
        "weight_income": "50", "weight_income_reason": "合同收益最能说明价值。",
        "weight_cost": "20", "weight_cost_reason": "成本只反映投入。",
        "weight_market": "30", "weight_market_reason": "案例不多，作为参照。",
        "distributions": "rate triangular 10 12 15\nflows normal 1 0.1\ncost uniform 0.9 1.2\nprice triangular 0.85 1 1.1",
        "runs": "2000", "seed": "7",
        "special": "无",
        **changes,
    }  # fmt: skip
    return {k: v for k, v in form.items() if v is not None}


def engage(client: PartyActor, firm: Firm, asset: DataAsset | None = None, **changes: Any) -> Case:
    asset = asset or make_certificate(client).asset
    return services.engage(client, asset.number, firm.party, engagement(**changes))


def signing_form(n: int) -> dict[str, Any]:
    return {"name": f"示例评估师{n}", "qualification": f"示例-{n:06d}", "took_part": True}


ANSWERS: dict[str, dict[str, Any]] = {
    "accept": {"independent": True},
    "decline": {"reason": "人手不足。"},
    "return": {"reason": "请补充折现率的依据。"},
    "reopen": {"reason": "发现笔误。"},
    "pass_review": {"opinion": "方法适当，参数有据，计算无误。"},
    "revoke": {"reason": "委托人提供的资料不实。"},
    "cancel": {"reason": "计划调整。"},
}
ORDER = ("requested", "working", "reviewing", "signing", "issued")
ENDS = {"declined": ("requested", "decline"), "cancelled": ("requested", "cancel"), "revoked": ("issued", "revoke"),
        "lapsed": ("issued", "lapse"), "superseded": ("issued", "supersede")}  # fmt: skip


def to_state(case: Case, client: PartyActor, firm: Firm, state: str) -> Case:
    """Lead an appraisal to `state` by real steps; the system's own are fired."""
    goal, last = ENDS.get(state, (state, ""))
    place = ORDER.index(goal)
    if place >= 1:
        engine.act(case.number, "accept", firm.handler, ANSWERS["accept"])
    if place >= 2:
        services.save_paper(firm.handler, case.number, answers())
        engine.act(case.number, "complete", firm.handler)
    if place >= 3:
        engine.act(case.number, "pass_review", firm.reviewer, ANSWERS["pass_review"])
    if place >= 4:
        engine.act(case.number, "sign", firm.first, signing_form(1))
        engine.act(case.number, "sign", firm.second, signing_form(2))
    if last in {"lapse", "supersede"}:
        engine.fire(case.number, last)
    elif last:
        actor = {"cancel": client, "revoke": firm.reviewer, "decline": firm.handler}[last]
        engine.act(case.number, last, actor, ANSWERS[last])
    return Case.objects.get(pk=case.pk)


def make_appraisal(client: PartyActor, firm: Firm, state: str = "issued", **changes: Any) -> Appraisal:
    case = to_state(engage(client, firm, **changes), client, firm, state)
    return Appraisal.objects.select_related("case", "asset").get(case=case)


SPENDING = """2023-11-02,自行开发,开发,50000,记-001,立项前采集
2025-01-15,自行开发,研究,80000,记-010,可行性研究
2025-03-10,自行开发,开发,120000,记-022,条件满足前
2025-05-01,自行开发,开发,200000,记-041,
2025-06-20,自行开发,脱敏清洗标注整合,60000,记-052,
2025-07-05,外购,购买价款,300000,记-060,购入站点数据
2025-07-05,外购,鉴证评估登记安全,12000,记-061,
2025-07-06,外购,保险费,800,记-062,
2025-08-01,自行开发,管理费用,5000,记-070,
2025-12-15,自行开发,开发,9000,记-090,后续维护"""


def book(**changes: Any) -> dict[str, Any]:
    """A sheet of an intangible asset with every treatment in it; None removes an answer."""
    met = {f"met_{k}": "2025-04-01" for k in bookcost.CONDITIONS} | {
        f"met_{k}_evidence": "立项决议" for k in bookcost.CONDITIONS
    }
    said = {"title": "空气质量逐时数据", "category": "intangible", "purpose": "自用于预报服务。", "year": "2025", "lines": SPENDING,
            **met, "ready_on": "2025-10-01", "life_months": "60", **changes}  # fmt: skip
    return {k: v for k, v in said.items() if v is not None}
