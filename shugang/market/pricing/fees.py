"""Fees of public data (发改价格〔2025〕65号): allowances, caps, reports, and what a listing asks; see `asking.check_price`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet, Sum

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.codec import TermsError
from shugang.policy.priceplan import PricePlan
from shugang.policy.text import Text
from shugang.settlement.bills.models import BillLine
from shugang.settlement.charges.models import ChargeAgreement

from ..products.models import DataProduct
from ..products.services import PRODUCT
from .allowance import CAP_KINDS, surplus
from .asking import check_price
from .ceilings import ceilings, unclaimed
from .models import FeeAllowance, FeeCap, FeeReport

ALLOWANCE = Text("这项收入核定", "fee allowance")
DECISION = Form(
    1,
    (
        Field("holder", "text", Text("授权运营机构编号", "Number of the operator of public data"), max_length=12),
        Field("field", "text", Text("授权领域", "Field"), Text("如“医疗健康”；整体授权填“整体”。", "Such as health; “all” for the whole."), max_length=80),
        Field("document", "text", Text("核定文件", "Document"), Text("名称和文号", "Title and number"), max_length=120),
        Field("period_from", "date", Text("核定期首日", "First day of the period")),
        Field("period_to", "date", Text("核定期末日", "Last day of the period")),
        Field("trial", "bool", Text("试行标准（运营不足一个完整年度）", "On trial (less than a full year of operation)"), required=False),
        Field("cost", "money", Text("经营成本（元）", "Operating cost (CNY)")),
        Field("profit", "money", Text("准许利润（元）", "Permitted profit (CNY)")),
        Field("tax", "money", Text("税金（元）", "Tax (CNY)")),
        Field("previous", "text", Text("上一期核定编号", "Previous allowance"),
              Text("有上一期的须填写；上一期年报中的超收由系统扣减。", "Required if there is one; the surplus of its report is deducted."), required=False, max_length=20),
    ),
)  # fmt: skip
REPORT = Form(
    1,
    (
        Field("revenue", "money", Text("本期实际收入（元）", "Revenue of the period (CNY)")),
        Field("cost", "money", Text("本期实际成本（元）", "Cost of the period (CNY)")),
        Field("remark", "textarea", Text("说明", "Remarks"), Text("收入和成本的口径，与平台账单的差异。", "What is counted, and differences from the platform's bills.")),
    ),
)  # fmt: skip


def may_decide(actor: Actor) -> bool:
    return "regulator" in actor.roles and "supervisor" in actor.duties


def require_authority(actor: Actor) -> None:
    if not may_decide(actor):
        raise forbidden("收入和收费上限由主管部门核定。", "Allowances and caps are decided by the authority.")
    if not actor.second_factor:
        raise forbidden(
            "这一步需要第二因素认证，请重新登录。", "This step needs a second factor.", "second_factor_required"
        )


def _invalid(field: str, zh: str, en: str) -> Refusal:
    return Refusal("invalid_form", Text(zh, en), 422, {field: Text(zh, en)})


@verb
def decide_allowance(actor: Actor, data: Mapping[str, Any]) -> FeeAllowance:
    """核定最高准许收入. `data` answers DECISION; the surplus that the previous period reported is deducted.

    Raises Refusal `forbidden`, `second_factor_required`, `invalid_form`, `not_found`, `previous_not_reported`.
    """
    require_authority(actor)
    said = clean(DECISION, data)
    first, last = date.fromisoformat(said["period_from"]), date.fromisoformat(said["period_to"])
    if last < first:
        raise _invalid("period_to", "末日早于首日。", "The last day is before the first.")
    holder = Party.objects.filter(number=said["holder"], is_supplier=True).first()
    if holder is None:
        raise _invalid("holder", "没有这个供方机构。", "There is no such supplier.")
    previous = _previous(holder, said, first)
    deducted = previous.report.surplus_fen if previous else 0
    row = FeeAllowance.objects.create(
        number=yearly_number("SR", clock.today().year), holder=holder, authority_id=actor.party_id or 0,
        field=said["field"], document=said["document"], period_from=first, period_to=last, trial=said["trial"],
        cost_fen=said["cost"], profit_fen=said["profit"], tax_fen=said["tax"], deducted_fen=deducted, previous=previous,
        person_id=actor.person_id, decided_at=clock.now(),
    )  # fmt: skip
    emit("fees.allowance_decided", actor, row.event_refs(), {
        "gross_fen": row.terms.gross_fen, "deducted_fen": deducted, "allowed_fen": row.terms.allowed_fen, "trial": row.trial,
        "document": row.document})  # fmt: skip
    return row


def _previous(holder: Party, said: Mapping[str, Any], first: date) -> FeeAllowance | None:
    """The period before, reported; nobody may leave it out."""
    rows = FeeAllowance.objects.select_for_update().filter(holder=holder, field=said["field"])
    last = rows.order_by("-period_to").first()
    if last is None:
        if said.get("previous"):
            raise _invalid("previous", "这个领域没有上一期核定。", "There is no previous allowance of this field.")
        return None
    if said.get("previous") != last.number:
        raise _invalid(
            "previous", f"上一期是{last.number}，请填写。", f"The previous period is {last.number}; please enter it."
        )
    if last.period_to + timedelta(days=1) != first:
        raise _invalid("period_from", f"本期应从{last.period_to + timedelta(days=1)}开始，与上一期相接。",
                       f"The period has to begin on {last.period_to + timedelta(days=1)}, right after the previous one.")  # fmt: skip
    if not hasattr(last, "report"):
        raise Refusal(
            "previous_not_reported",
            Text(f"上一期{last.number}还没有年度报告，超收无法扣减。", f"The previous period {last.number} has no report yet, so its surplus is unknown."),
            409,
        )  # fmt: skip
    return last


@verb
def set_cap(actor: Actor, allowance: str, product_number: str, plan: object, remark: str = "") -> FeeCap:
    """上限收费标准 of one product of the holder; the newest counts for every price put down later.

    `plan`: a price plan (free, one_off, per_unit, tiered, period) that no price may exceed. Raises Refusal `forbidden`,
    `second_factor_required`, `not_found`, `bad_terms`, `bad_cap`.
    """
    require_authority(actor)
    found = FeeAllowance.objects.select_related("holder").filter(number=allowance).first()
    if found is None:
        raise not_found(ALLOWANCE)
    product = DataProduct.objects.filter(number=product_number, supplier=found.holder).first()
    if product is None:
        raise not_found(PRODUCT)
    try:
        cap = plan if isinstance(plan, PricePlan) else PricePlan.from_json(plan)
    except TermsError as error:
        raise Refusal("bad_terms", error.text, 422, {error.field: error.text}) from error
    if cap.kind not in CAP_KINDS or cap.minimum_fen or cap.cap_fen is not None or cap.included or cap.by_day:
        raise Refusal(
            "bad_cap",
            Text("上限收费标准只能是免费、一次性、按量、累进阶梯或按期，不含最低消费、封顶和免费额度。",
                 "A cap is free, one-off, per unit, graduated or by period, without minimum, maximum or included units."),
            422,
        )  # fmt: skip
    row = FeeCap.objects.create(
        allowance=found, product=product, plan=cap.to_json(), remark=remark.strip()[:400], person_id=actor.person_id,
        set_at=clock.now(),
    )  # fmt: skip
    emit("fees.cap_set", actor, [*found.event_refs(), *product.event_refs()], {"plan": row.plan})
    return row


def check_listing(product: DataProduct, source_class: str) -> None:
    """A product of authorised public data is named under its agreement, and free or below a cap in force. Raises Refusal
    `no_cap`, `not_agreed`, `over_cap`."""
    plan = product.plan
    if source_class == "operation":
        refusal = unclaimed(product)
        if refusal is not None:
            raise refusal
        if plan.kind != "free" and not ceilings(product):
            raise Refusal(
                "no_cap",
                Text("授权运营的公共数据产品须先核定上限收费标准，或免费提供。",
                     "A product of authorised public data needs a fee cap first, unless it is free."),
                422,
            )  # fmt: skip
    check_price(product, plan)


def billed_fen(allowance: FeeAllowance) -> int:
    """分 on issued bills of the holder's capped products for use within the period, credit notes included."""
    grants = ChargeAgreement.objects.filter(supplier=allowance.holder).values_list("number", "refs")
    capped = set(allowance.caps.values_list("product__number", flat=True))
    numbers = [number for number, refs in grants if any(kind == "product" and key in capped for kind, key in refs)]
    lines = BillLine.objects.filter(
        bill__agreement__number__in=numbers, bill__number__isnull=False, period_from__gte=allowance.period_from,
        period_from__lte=allowance.period_to,
    )  # fmt: skip
    return int(lines.aggregate(sum=Sum("amount_fen"))["sum"] or 0)


def own_allowance(actor: Actor, number: str, lock: bool = False) -> FeeAllowance:
    """An allowance of the acting party. Raises Refusal `not_found`."""
    rows = FeeAllowance.objects.select_for_update(of=("self",)) if lock else FeeAllowance.objects
    row = rows.select_related("holder").filter(number=number, holder_id=actor.party_id or 0).first()
    if row is None:
        raise not_found(ALLOWANCE)
    return row


def holders_products(allowance: FeeAllowance) -> QuerySet[DataProduct]:
    """Products of the holder that are not taken down: what a cap may be set for."""
    return DataProduct.objects.filter(supplier=allowance.holder).exclude(state="delisted").order_by("-pk")


@verb
def report_period(actor: Actor, number: str, data: Mapping[str, Any]) -> FeeReport:
    """The holder's report once the period is over; revenue beyond the allowance is the surplus that the next deducts.

    Raises Refusal `not_found`, `forbidden`, `not_over`, `already_reported`, `invalid_form` (less than was billed here).
    """
    row = own_allowance(actor, number, lock=True)
    if not actor.duties & {"finance", "handler"}:
        raise forbidden("年度报告由财务或经办填报。", "The report is made by the finance or handler duty.")
    if row.period_to >= clock.today():
        raise Refusal("not_over", Text("核定期结束后才能报告。", "The period is not over yet."), 409)
    if hasattr(row, "report"):
        raise Refusal("already_reported", Text("本期已经报告。", "This period is reported already."), 409)
    said, billed = clean(REPORT, data), billed_fen(row)
    if said["revenue"] < billed:
        raise _invalid(
            "revenue", "实际收入少于平台已出账的金额，请核对。", "The revenue is less than the platform billed."
        )
    report = FeeReport.objects.create(
        allowance=row, revenue_fen=said["revenue"], cost_fen=said["cost"], billed_fen=billed,
        surplus_fen=surplus(row.terms, said["revenue"]), remark=said["remark"], person_id=actor.person_id,
        reported_at=clock.now(),
    )  # fmt: skip
    emit(
        "fees.reported", actor, row.event_refs(), {"revenue_fen": report.revenue_fen, "surplus_fen": report.surplus_fen}
    )
    return report
