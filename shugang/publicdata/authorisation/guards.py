"""What a step of an authorised operation asks beyond duty and state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from shugang.assets.models import Certificate
from shugang.assets.review import queries as reviews
from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.procedure import Context
from shugang.market.contracts.drafting import digests
from shugang.market.pricing.allowance import over_cap
from shugang.market.products.models import DataProduct
from shugang.parties.accounts.models import Membership
from shugang.parties.keys.services import sign_digest
from shugang.parties.models import Party
from shugang.policy.text import Text

from .. import granting
from ..catalogue.models import PublicResource
from . import caps, reading
from .models import Operation, OperationBid, OperationProduct, OperationSignature

PROFILE = "registration-public"


def operation_of(ctx: Context) -> Operation:
    return Operation.objects.select_related("case", "developer", "implementer").get(case=ctx.case)


def bid_of(ctx: Context) -> OperationBid:
    return OperationBid.objects.select_related("case", "operation__case").get(case=ctx.case)


def rules_of(operation: Operation) -> dict[str, Any]:
    return dict(operation.case.profile.data) if operation.case.profile else {}


def living_bids(operation: Operation) -> QuerySet[OperationBid]:
    return operation.bids.filter(living=True).select_related("case", "applicant").order_by("id")


def registered(resource: PublicResource) -> Certificate | None:
    """The valid registration of the public resource, by its data set."""
    if resource.dataset_id is None:
        return None
    rows = Certificate.objects.filter(
        asset__dataset_version__dataset_id=resource.dataset_id, state=Certificate.State.VALID, valid_until__gt=clock.now(),
        registration__case__profile__code=PROFILE,
    )  # fmt: skip
    return rows.order_by("-id").first()


def plan_reads(ctx: Context) -> None:
    check_plan(ctx.data, ctx.case.profile)


def check_plan(data: Mapping[str, Any], rules: Any) -> None:
    """Raises Refusal."""
    reading.resources(data["resources"])
    reading.products(data["products"])
    reading.years(data, rules)


def plan_stands(ctx: Context) -> None:
    """The security review comes before the call. Raises Refusal `not_supplied`, `no_security_review`, `not_graded`."""
    operation = operation_of(ctx)
    for resource in operation.resources.all().order_by("id"):
        granting.require_published(resource)
        version = granting.require_head(resource)
        if rules_of(operation)["needs_security_review"]:
            reviews.require_standing(version)


def call_is_open(ctx: Context) -> None:
    if bid_of(ctx).operation.case.state != "calling":
        raise Refusal(
            "call_over", Text("征集已经截止，不能再变更申请。", "The call is closed; bids stand as they are."), 409
        )


def not_yet_scored(ctx: Context) -> None:
    if bid_of(ctx).operation.case.state not in ("calling", "evaluating"):
        raise Refusal("call_over", Text("评审已经完成，不能再认定。", "The evaluation is done."), 409)


def score(ctx: Context) -> None:
    """Every living bid by every criterion; nobody scores a party that he belongs to. Raises Refusal."""
    operation = operation_of(ctx)
    bids = {b.number: b for b in living_bids(operation)}
    if not bids:
        raise Refusal("no_bids", Text("没有有效的申请，请选“未选出运营机构”。", "There is no valid bid."), 409)
    parties = {b.applicant_id for b in bids.values()}
    if Membership.objects.filter(person_id=ctx.actor.person_id or 0, party_id__in=parties, active=True).exists():
        raise Refusal(
            "conflict_of_interest",
            Text("您是申请人的人员，应当回避，请由其他人评分。", "You belong to one of the applicants; somebody else has to score."), 403,
        )  # fmt: skip
    given = ctx.data["scores"]
    if not isinstance(given, dict) or set(given) != set(bids) or not all(isinstance(v, dict) for v in given.values()):
        raise granting.wrong(
            "scores", f"请对每个有效申请评分：{'、'.join(bids)}。", f"Please score each valid bid: {', '.join(bids)}."
        )
    ctx.data = {"scores": {number: reading.points(said) for number, said in given.items()}}


def somebody_passed(ctx: Context) -> None:
    """Raises Refusal `nobody_passed`, `tied`."""
    operation = operation_of(ctx)
    ranking, mark = operation.ranking, int(rules_of(operation)["pass_mark"]) * 100
    if not ranking or ranking[0][1] < mark:
        raise Refusal(
            "nobody_passed",
            Text(f"没有申请达到{mark // 100}分，不能选定。", f"No bid reached {mark // 100} points, so nobody can be selected."), 409,
        )  # fmt: skip
    if len(ranking) > 1 and ranking[0][1:] == ranking[1][1:]:
        raise Refusal(
            "tied",
            Text("前两名总分和安全分都相同，不能选定，请重新组织评审。", "The first two are equal in total and in security; nobody can be selected."),
            409,
        )  # fmt: skip


def sign(ctx: Context) -> None:
    """Each side signs the digest of the frozen agreement, over resources that are registered and reviewed. Raises Refusal."""
    operation = operation_of(ctx)
    rules = rules_of(operation)
    if digests(operation.content or {}) != (operation.sha256, operation.sm3):
        raise Refusal(
            "contract_altered",
            Text("文本与摘要不符，已停止签署。", "The text no longer fits its digest; signing is stopped."),
            409,
        )
    for resource in operation.resources.all().order_by("id"):
        granting.require_published(resource)
        if rules["needs_registration"] and registered(resource) is None:
            raise Refusal(
                "not_registered",
                Text(f"“{resource.name}”还没有公共数据资源登记，登记后才能签署授权运营协议。",
                     f"“{resource.name}” is not registered as a public data resource yet; register it before signing."),
                409,
            )  # fmt: skip
        if rules["needs_security_review"]:
            reviews.require_standing(granting.require_head(resource))
    off = [p.name for p in (operation.implementer, operation.developer) if p and p.status != Party.Status.ACTIVE]
    if off:
        raise Refusal("party_not_active", Text(f"{off[0]}当前不在营，不能签署。", f"{off[0]} is not active."), 409)
    made = sign_digest(ctx.actor, operation.sha256, operation.context, ctx.data.pop("own_signature", ""))
    OperationSignature.objects.create(
        operation=operation, party_id=ctx.actor.party_id or 0, signature=made, signed_at=clock.now()
    )
    ctx.data |= {"sha256": operation.sha256, "signature": made}


def product_fits(ctx: Context) -> None:
    """A product of the developer's own, not named yet, priced below the cap of the line it is sold as. Raises Refusal
    `invalid_form`, `over_cap`."""
    operation = operation_of(ctx)
    lines = {p["name"]: p for p in (operation.content or {})["products"]}
    if ctx.data["agreed"] not in lines:
        known = Text("、".join(lines), ", ".join(lines))
        raise granting.wrong(
            "agreed",
            f"协议的产品清单里没有这一项。清单：{known.zh}。",
            f"The agreement lists no such product. It lists: {known.en}.",
        )
    product = DataProduct.objects.filter(number=ctx.data["product"], supplier_id=operation.developer_id).first()
    if product is None or product.state == DataProduct.State.DELISTED:
        raise granting.wrong(
            "product",
            "没有这个产品：须是本机构未下架的产品。",
            "There is no such product: one of yours that is not taken down.",
        )
    other = OperationProduct.objects.select_related("operation__case").filter(product=product).first()
    if other is not None:
        raise granting.wrong(
            "product",
            f"这个产品已登记在{other.operation.number}“{other.agreed}”名下。",
            f"It is named already, under {other.operation.number} as “{other.agreed}”.",
        )
    cap = caps.cap_of(lines[ctx.data["agreed"]])
    reason = over_cap(product.plan, cap)
    if reason is not None:
        raise Refusal(
            "over_cap",
            Text(f"超过{caps.NAME.zh}（{operation.number}）：{reason.zh}请先修改产品价格。",
                 f"Beyond {caps.NAME.en} ({operation.number}): {reason.en} Please lower the price first."),
            422, {"product": reason},
        )  # fmt: skip
