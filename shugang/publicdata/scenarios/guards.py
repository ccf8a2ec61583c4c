"""What a step of scenarios asks beyond duty and state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.assets.review import queries as reviews
from shugang.kernel.errors import Refusal
from shugang.kernel.procedure import Context
from shugang.market.products.models import DataProduct
from shugang.parties.keys.services import sign_digest
from shugang.parties.models import Party
from shugang.policy.text import Text

from .. import granting
from ..authorisation.models import Operation
from ..sharing.guards import _for_party
from . import fusing
from .forms import read_fields
from .kinds import outside, subject_class
from .models import ClassApproval, ScenarioUse


def approval_of(ctx: Context) -> ClassApproval:
    return ClassApproval.objects.select_related("case", "operation__case").get(case=ctx.case)


def use_of(ctx: Context) -> ScenarioUse:
    return ScenarioUse.objects.select_related("case", "approval__case", "approval__operation__case", "applicant").get(
        case=ctx.case
    )


def decision(row: ClassApproval) -> dict[str, Any]:
    """What is consented to and approved."""
    return {
        **row.as_rule(), "number": row.number, "uses": row.uses, "purpose": row.purpose, "mode": row.mode, "key": row.key,
        "min_group": row.min_group or 0, "operation": row.operation.number if row.operation else "",
    }  # fmt: skip


def operation_for(number: str, resources: set[str]) -> Operation | None:
    """The operation in force that covers the resources; None where none is named. Raises Refusal `invalid_form`."""
    if not number:
        return None
    row = Operation.objects.select_related("case").filter(case__number=number, case__state="in_force").first()
    if row is None or not resources <= set(row.resources.values_list("number", flat=True)):
        raise granting.wrong(
            "operation",
            "没有这项生效的授权运营，或它不含所列的数据。",
            "No such operation is in force, or it does not cover the data.",
        )
    return row


def check_class(data: Mapping[str, Any]) -> None:
    """Raises Refusal."""
    rows, fields = read_fields(data["resources"])
    if len({r.department_id for r in rows}) > 4:
        raise granting.wrong(
            "resources", "一项审定最多涉及4个部门，请分开提出。", "An approval covers four departments at most."
        )
    operation_for(data.get("operation", ""), set(fields))
    unasked = not data.get("key") or any(data["key"] not in items for items in fields.values())
    if data["mode"] == "api" and unasked:
        raise granting.wrong(
            "key",
            "接口查询须写明按哪个信息项查询，且每项目录都有它。",
            "An interface needs an item to ask by that each resource has.",
        )
    if data.get("min_group") and data["mode"] != "sql":
        raise granting.wrong("min_group", "只给统计结果只适用于自助查询。", "Aggregates only goes with own queries.")


def sign(ctx: Context) -> None:
    """A department's chief data officer signs what is to be approved."""
    row = approval_of(ctx)
    digest = granting.digest_of(decision(row))
    made = sign_digest(_for_party(ctx.actor), digest, f"scenario-class:{row.number}", ctx.data.pop("own_signature", ""))
    ctx.data |= {"sha256": digest, "signature": made}


def data_stands(ctx: Context) -> None:
    row = approval_of(ctx)
    for resource in row.resources.select_related("dataset").order_by("id"):
        granting.require_published(resource)
        version = granting.require_head(resource)
        if ctx.case.profile is None or ctx.case.profile.data["needs_security_review"]:
            reviews.require_standing(version)


def check_inside(
    approval: ClassApproval, applicant: Party, scenario_class: str, fields: dict[str, list[str]], days: int
) -> None:
    """一类场景一审定. Raises Refusal `class_not_in_force`, `outside_class` with the rule named."""
    if approval.case.state != "approved":
        raise Refusal(
            "class_not_in_force",
            Text(f"场景审定{approval.number}不在有效状态，不能据此使用。", f"The approval {approval.number} is not in force."), 409,
        )  # fmt: skip
    broken = outside(approval.as_rule(), scenario_class, fields, subject_class(applicant.uscc), days)
    if broken is None:
        return
    rule, words = broken
    name = {"class": "scenario_class", "fields": "resources", "subject": "approval", "term": "days"}[rule]
    text = Text(
        f"超出审定范围（{_RULES[rule].zh}）：{words.zh}可以按本类申请，或提请另行审定。",
        f"Outside the approval ({_RULES[rule].en}): {words.en} Please stay inside it, or ask for another approval.",
    )
    raise Refusal("outside_class", text, 422, {name: text})


_RULES = {
    "class": Text("场景类别", "class of scenario"),
    "fields": Text("数据范围", "data"),
    "subject": Text("主体类别", "kind of subject"),
    "term": Text("使用期限", "term"),
}


def still_inside(ctx: Context) -> None:
    """The class may have been suspended since it was asked; the simplified review looks at this again."""
    use = use_of(ctx)
    if "supplier" not in use.applicant.roles and "buyer" not in use.applicant.roles:
        raise Refusal("party_not_active", Text("申请方当前不在营。", "The applicant is not active."), 409)
    check_inside(use.approval, use.applicant, use.scenario_class, use.fields, use.days)
    fusing.require_private_side(use)


def listed_application(ctx: Context) -> None:
    use = use_of(ctx)
    found = DataProduct.objects.filter(
        number=ctx.data["product"], supplier=use.applicant, type="app", state="listed"
    ).first()
    if found is None:
        raise granting.wrong(
            "product",
            "没有这个产品：须是本机构已上架、类型为“应用”的产品。",
            "There is no such product: a listed one of yours, of type application.",
        )
    other = ScenarioUse.objects.filter(product=found, approval=use.approval).select_related("case").first()
    if other is not None:
        raise granting.wrong(
            "product",
            f"这个应用已在{other.number}登记过。",
            f"This application is named already, in {other.number}.",
        )
