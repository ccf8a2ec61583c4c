"""What a step of an order asks beyond duty and state: independence, rotation, a report that says what it must."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q, QuerySet

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.procedure import Context
from shugang.parties.models import Membership, Party
from shugang.policy.text import Text

from . import assessed, rules
from .guards import apart, in_force, kinds, own_files, wrong
from .kinds import ServiceKind
from .models import ServiceOffer, ServiceOrder

__all__ = ["apart", "has_data", "may_accept", "may_engage", "may_quote", "may_sign", "report_holds"]
ASKS: dict[str, Text] = {
    "score": Text("质量评价须写明得分。", "A quality evaluation states its score."),
    "amount": Text("资产评估须写明评估值。", "An appraisal states its value."),
    "level": Text("风险评估须写明风险等级。", "A risk assessment states its level."),
}


def order_of(ctx: Context) -> ServiceOrder:
    rows = ServiceOrder.objects.select_related("case", "offer__case", "client", "agency", "holder", "version__dataset")
    return rows.get(case=ctx.case)


def kind_of(order: ServiceOrder) -> ServiceKind:
    """By the rules under which the order began."""
    return kinds(order.case)[order.kind]


def standing_offer(offer: ServiceOffer) -> None:
    """Raises Refusal `offer_not_standing`: suspended, ended, a lapsed qualification, an agency that is not active."""
    fine = offer.state == ServiceOffer.State.LISTED and "reviewer" in offer.agency.roles
    if not (fine and in_force(offer)):
        raise Refusal(
            "offer_not_standing",
            Text("这项服务现在没有公开，或资质不在有效期内，不能承接新的委托。",
                 "This service is not listed now, or its qualification is not in force; it takes no new orders."),
            409,
        )  # fmt: skip


def independent(order: ServiceOrder, person: int | None) -> None:
    """Raises Refusal `conflict_of_interest` or `self_review` by the conflict rule of the kind."""
    kind = kind_of(order)
    others = {order.client_id, *([order.holder_id] if order.holder_id else [])}
    members = Membership.objects.filter(active=True)
    theirs = set(members.filter(party_id__in=others).values_list("person_id", flat=True))
    ours = set(members.filter(party_id=order.agency_id).values_list("person_id", flat=True))
    if kind.people == "acting":
        ours &= {person or 0}
    why = rules.connected(order.agency_id, ours, others, theirs)
    if why:
        raise Refusal(
            "conflict_of_interest",
            Text(f"机构{'就是' if why == 'party' else '有人员属于'}委托方或数据持有方，按回避规则不能承接这类服务。请由其他机构办理。",
                 "The agency, or somebody of it, belongs to the client or the holder of the data. Please let another agency do this."),
            403,
        )  # fmt: skip
    earlier = _same_object(order).filter(agency=order.agency, kind__in=kind.after)
    if kind.after and order.object_number and earlier.exists():
        raise Refusal(
            "self_review",
            Text("机构曾为同一对象做过集成、经纪或托管，不能再评价自己的工作。请由其他机构办理。",
                 "The agency has worked on the same object before and may not judge its own work. Please choose another."),
            403,
        )  # fmt: skip


def _engaged(order: ServiceOrder) -> Q:
    states = (ServiceOrder.State.ENGAGED, ServiceOrder.State.COMPLETED)
    return Q(state__in=states) & ~Q(pk=order.pk)


def _same_object(order: ServiceOrder) -> QuerySet[ServiceOrder]:
    rows = ServiceOrder.objects.filter(_engaged(order))
    if order.version is not None:
        return rows.filter(version__dataset=order.version.dataset)
    return rows.filter(object_kind=order.object_kind, object_number=order.object_number)


def in_turn(order: ServiceOrder) -> None:
    """Raises Refusal `rotation`: too many in a row by one agency (评估机构轮换)."""
    rule = kind_of(order).rotation
    if rule is None:
        return
    rows: QuerySet[ServiceOrder] = ServiceOrder.objects.filter(_engaged(order), client=order.client)
    if rule.per == "object" and order.object_number:
        rows = _same_object(order)
    history = list(rows.filter(kind=order.kind).order_by("engaged_at", "pk").values_list("agency_id", flat=True))
    if not rules.rotation_allows(history, order.agency_id, rule.most):
        raise Refusal(
            "rotation",
            Text(f"同一机构连续承接同类委托不得超过{rule.most}次，请换一家机构。",
                 f"One agency may not take more than {rule.most} such orders in a row. Please choose another agency."),
            409,
        )  # fmt: skip


def may_engage(ctx: Context) -> None:
    """Under the agency's row lock, so that two orders at once count each other."""
    order = order_of(ctx)
    Party.objects.select_for_update().get(pk=order.agency_id)
    standing_offer(order.offer)
    independent(order, ctx.actor.person_id if ctx.actor.party_id == order.agency_id else None)
    in_turn(order)


def may_quote(ctx: Context) -> None:
    order = order_of(ctx)
    standing_offer(order.offer)
    independent(order, ctx.actor.person_id)
    in_turn(order)


def may_accept(ctx: Context) -> None:
    if order_of(ctx).offer.price_plan is None:
        raise Refusal(
            "quotation_needed",
            Text("这项服务没有公开价，请先报价。", "This service has no listed price. Please quote first."), 409,
        )  # fmt: skip
    may_engage(ctx)


def has_data(ctx: Context) -> None:
    order = order_of(ctx)
    if order.version is None or order.holder is None:
        raise Refusal(
            "no_data",
            Text("这项委托没有指明数据，无法申请读取。", "This order names no data, so there is none to ask for."),
            409,
        )


def report_holds(ctx: Context) -> None:
    """Raises Refusal `invalid_form` with everything that the report of this kind lacks."""
    order = order_of(ctx)
    kind = kind_of(order)
    found = own_files(ctx.data, ctx.actor) | assessed.wrong(order, ctx.data)
    decided = ctx.data["result"] != "disclaimed" and not ctx.data.get("assessment")
    for name in kind.asks:
        if decided and ctx.data.get(name) is None:
            found[name] = ASKS[name]
    last = longest(kind, clock.today())
    if end := ctx.data.get("valid_until"):
        day = date.fromisoformat(end)
        if not clock.today() < day <= last:
            found["valid_until"] = Text(f"有效期须在明天至{last}之间。", f"It must end between tomorrow and {last}.")
    independent(order, ctx.actor.person_id)
    wrong(found)


def longest(kind: ServiceKind, today: date) -> date:
    """The last day that a report of this kind may be valid: whole months from today, by the calendar."""
    month = today.month - 1 + kind.validity_months
    first = date(today.year + month // 12, month % 12 + 1, 1)
    after = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return min(first + timedelta(days=today.day - 1), after - timedelta(days=1))


def may_sign(ctx: Context) -> None:
    """The signer is independent, and where the rule says so another than the author (双人)."""
    order = order_of(ctx)
    independent(order, ctx.actor.person_id)
    if kind_of(order).four_eyes and order.drafted_by == ctx.actor.person_id:
        raise Refusal(
            "conflict_of_interest",
            Text("这类报告须由起草人以外的人签署。请由另一名签署人办理。",
                 "Reports of this kind are signed by another person than their author. Please let a colleague sign."),
            403,
        )  # fmt: skip
