"""Guards and effects of a project's steps. What fails in one inquiry or contract rolls the whole step back."""

from __future__ import annotations

from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case
from shugang.kernel.procedure import Context
from shugang.policy.text import Text

from ..pricing import contribution
from ..pricing.splits import compute, read_table
from ..trade import services as trade
from .models import BundleMember, DealBundle
from .together import all_at_once


def bundle_of(ctx: Context) -> DealBundle:
    return DealBundle.objects.select_related("buyer", "case").get(case=ctx.case)


def members(bundle: DealBundle) -> list[BundleMember]:
    """In the order of their inquiries' ids, which is the order in which their locks are taken."""
    rows = bundle.members.select_related("supplier", "inquiry__case", "inquiry__product__supplier")
    return list(rows.order_by("inquiry__case_id"))


def _refs(ctx: Context, bundle: DealBundle) -> None:
    ctx.refs += [("bundle", bundle.number)]


def opened(ctx: Context) -> None:
    """The inquiries themselves are opened by `services.open_bundle`, in the same transaction."""
    held = dict(ctx.case.parties.values_list("capacity", "party_id"))
    bundle = DealBundle.objects.create(
        case=ctx.case, buyer_id=held["buyer"], title=ctx.data["title"], need=ctx.data["need"],
        purpose=ctx.data["purpose"], opened_at=clock.now(),
    )  # fmt: skip
    _refs(ctx, bundle)


def told(ctx: Context) -> None:
    _refs(ctx, bundle_of(ctx))


def proposed(ctx: Context) -> None:
    """Compute the shares from the stated contributions; every consent given to earlier ones is void."""
    bundle, method = bundle_of(ctx), ctx.data["method"]
    numbers = [m.supplier.number for m in members(bundle)]
    bundle.shares, bundle.basis = None, {"method": method}
    if method != "own":
        rows: Any = ctx.data.get("rows") or []
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise _invalid("取值表应是一列对象。", "The table is a list of objects.")
        found = compute(len(numbers), method, read_table(numbers, rows), 0)
        if sum(found.values) <= 0:
            raise _invalid("全体的价值应大于零。", "The whole must be worth more than 0.")
        shares = contribution.whole_shares(found.values)
        bundle.shares = [[n, s] for n, s in zip(numbers, shares, strict=True)]
        bundle.basis = {"method": method, "rows": rows, "values": [str(v) for v in found.values]}
    bundle.save(update_fields=["shares", "basis"])
    bundle.members.update(consented_at=None)
    ctx.outputs |= {"shares": bundle.shares, "basis": bundle.basis}
    _refs(ctx, bundle)


def _invalid(zh: str, en: str) -> Refusal:
    return Refusal("invalid_form", Text(zh, en), 422, {"rows": Text(zh, en)})


def may_consent(ctx: Context) -> None:
    """Raises Refusal `already_done`."""
    if bundle_of(ctx).members.filter(supplier_id=ctx.actor.party_id, consented_at__isnull=False).exists():
        raise Refusal("already_done", Text("本机构已同意。", "Your organisation has consented already."), 409)


def consented(ctx: Context) -> None:
    bundle = bundle_of(ctx)
    bundle.members.filter(supplier_id=ctx.actor.party_id).update(consented_at=clock.now())
    ctx.outputs |= {"supplier": ctx.actor.party_id}
    _refs(ctx, bundle)


def ready(ctx: Context) -> None:
    """Raises Refusal `not_all_consented`, `not_all_quoted`."""
    rows = members(bundle_of(ctx))
    waiting = [m for m in rows if m.consented_at is None]
    if waiting:
        names = "、".join(m.supplier.number for m in waiting)
        raise Refusal(
            "not_all_consented",
            Text(f"还有供方未同意分配：{names}。", f"Some have not consented to the shares: {names}."),
            409,
        )
    unquoted = [m.inquiry.number for m in rows if m.inquiry.case.state != "quoted"]
    if unquoted:
        names = "、".join(unquoted)
        raise Refusal(
            "not_all_quoted",
            Text(f"还有询价没有待您接受的报价：{names}。", f"Some inquiries have no quotation to accept: {names}."),
            409,
        )


def accepted(ctx: Context) -> None:
    """Every quotation or none: a refusal of one rolls all of them back."""
    bundle, contracts = bundle_of(ctx), []
    with all_at_once():
        for member in members(bundle):
            member.inquiry.shares = bundle.shares
            member.inquiry.save(update_fields=["shares"])
            trade.accept(ctx.actor, member.inquiry.number)
            contracts.append(type(member.inquiry).objects.get(pk=member.inquiry_id).contract.number)
    ctx.outputs |= {"contracts": contracts}
    _refs(ctx, bundle)
    ctx.refs += [("contract", number) for number in contracts]


def _end_inquiries(bundle: DealBundle) -> None:
    """What is still negotiated is withdrawn in the buyer's name; contracts that await signatures lapse."""
    buyer = trade.on_behalf(bundle.buyer)
    with all_at_once():
        for member in members(bundle):
            case = member.inquiry.case
            if case.state in ("inquiry", "quoted", "countered"):
                engine.act(case.number, "withdraw", buyer, {"reason": f"项目{bundle.number}已结束。"})
            contract = getattr(member.inquiry, "contract", None)
            if contract is not None and Case.objects.filter(pk=contract.case_id, state="pending_signature").exists():
                engine.fire(contract.number, "lapse")


def cancelled(ctx: Context) -> None:
    bundle = bundle_of(ctx)
    bundle.reason = ctx.data["reason"]
    bundle.save(update_fields=["reason"])
    _end_inquiries(bundle)
    _refs(ctx, bundle)


def lapsed(ctx: Context) -> None:
    bundle = bundle_of(ctx)
    _end_inquiries(bundle)
    _refs(ctx, bundle)
