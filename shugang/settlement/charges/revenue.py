"""Revenue that a buyer reports under a plan of revenue share (收益分成): said by him, seen by the supplier, billed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from .. import gates
from ..rating.periods import Period, service_periods
from .models import ChargeAgreement, RevenueReport
from .services import AGREEMENT

REPORT = Form(
    1,
    (
        Field("period_from", "date", Text("服务期首日", "First day of the period")),
        Field("revenue_yuan", "money", Text("本期收入（元，含税）", "Revenue of the period (CNY, tax included)"),
              Text("使用本数据的产品或服务在本期的收入；没有收入填0。", "What the product or service that uses the data earned; 0 for none.")),
        Field("basis", "textarea", Text("计算依据", "Basis"),
              Text("写明收入的范围和账册出处，供方据此核对。", "Which revenue, from which books; the supplier checks by it.")),
    ),
)  # fmt: skip


def seen_agreement(actor: Actor, number: str) -> ChargeAgreement:
    """An agreement of the acting party that shares revenue. Raises Refusal `not_found`, `no_revenue_share`."""
    found = ChargeAgreement.objects.visible_to(actor).filter(number=number).first()
    if found is None:
        raise not_found(AGREEMENT)
    if found.price_plan.kind != "revenue":
        raise Refusal(
            "no_revenue_share",
            Text("这份合同不按收益分成计价，不需要申报收入。", "This contract has no revenue share; nothing is to be reported."),
            409,
        )  # fmt: skip
    return found


def periods(agreement: ChargeAgreement) -> list[Period]:
    """The service periods that have begun."""
    return list(service_periods(agreement.price_plan, agreement.starts_on, agreement.ends_on, clock.today()))


@verb
def report_revenue(actor: Actor, number: str, data: Mapping[str, Any]) -> RevenueReport:
    """State the revenue of a begun service period; a later statement corrects an earlier one by a difference.

    `data` answers REPORT. Raises Refusal `not_found`, `no_revenue_share`, `forbidden`, `invalid_form`.
    """
    agreement = seen_agreement(actor, number)
    gates.require_buyer(agreement.buyer_id, actor)
    said = clean(REPORT, data)
    first = date.fromisoformat(said["period_from"])
    period = next((p for p in periods(agreement) if p.first == first), None)
    if period is None:
        wrong = Text("没有从这一天开始的服务期，或它还没有开始。", "No service period begins on this day, or not yet.")
        raise Refusal("invalid_form", wrong, 422, {"period_from": wrong})
    row = RevenueReport.objects.create(
        agreement=agreement, period_from=period.first, period_to=period.last, revenue_fen=said["revenue_yuan"],
        basis=said["basis"], person_id=actor.person_id, reported_at=clock.real_now(),
    )  # fmt: skip
    told = {"period_from": first.isoformat(), "revenue_fen": row.revenue_fen}
    emit("charge.revenue_reported", actor, agreement.event_refs(), told)
    return row


def reported_revenue(grant: str, period_from: date, known: datetime) -> int:
    """分 by the last report of a period that had been made by `known` (real time); 0 when there is none."""
    rows = RevenueReport.objects.filter(agreement__grant=grant, period_from=period_from, reported_at__lte=known)
    last = rows.order_by("-pk").first()
    return last.revenue_fen if last else 0
