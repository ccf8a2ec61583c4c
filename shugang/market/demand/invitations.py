"""The procedure of an invitation to quote, and what its steps bring about.

An anonymous demander takes no part in the case before the supplier has answered: the venue passes the invitation on.
"""

from __future__ import annotations

from shugang.kernel import clock
from shugang.kernel.actors import PlainActor
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field, Form
from shugang.kernel.models import CaseParty
from shugang.kernel.procedure import TIMER, ClockSpec, Context, Procedure, Role, State, Transition, register
from shugang.policy.terms import PURPOSES
from shugang.policy.text import Text

from ..products.models import DataProduct
from ..trade import services as trade
from ..trade.models import Inquiry
from .forms import WHY
from .models import Demand, QuoteInvitation

DEMANDER = (Role("demander", "handler"),)
SUPPLIER = (Role("supplier", "handler"),)
NEED_MAX = 1000


def invitation_of(ctx: Context) -> QuoteInvitation:
    return QuoteInvitation.objects.select_related("demand__party", "demand__case", "supplier").get(case=ctx.case)


def _refs(ctx: Context, invitation: QuoteInvitation) -> None:
    ctx.refs += [("invitation", ctx.case.number), ("demand", invitation.demand.number)]


def opened(ctx: Context) -> None:
    """Tie the new case to the demand that `inviting.invite` locked in the same transaction."""
    number = next((key for kind, key in ctx.refs if kind == "demand"), "")
    supplier = ctx.case.parties.get(capacity="supplier").party_id
    QuoteInvitation.objects.create(
        case=ctx.case, demand=Demand.objects.get(case__number=number), supplier_id=supplier,
        message=ctx.data.get("message", ""), invited_at=clock.now(),
    )  # fmt: skip
    ctx.refs.append(("invitation", ctx.case.number))


def offered_product(demand: Demand, supplier: int, number: str) -> DataProduct:
    """The supplier's own listed product that may answer the demand. Raises Refusal `invalid_form` naming the field."""
    found = DataProduct.objects.filter(number=number.strip(), supplier_id=supplier).select_related("supplier").first()
    wrong = None
    if found is None:
        wrong = Text("请从本机构的产品中选择。", "Please choose one of your own products.")
    elif found.state != DataProduct.State.LISTED:
        wrong = Text("这个产品没有上架，不能用来答复。", "This product is not listed, so it cannot answer.")
    elif demand.purpose not in found.purposes:
        purpose = PURPOSES[demand.purpose]
        wrong = Text(f"这个产品不提供用途“{purpose.zh}”。", f"This product is not offered for “{purpose.en}”.")
    elif found.mode not in demand.content["modes"]:
        wrong = Text(
            "这个产品的交付方式不在需方可接受之列。", "The buyer does not accept the product's way of delivery."
        )
    if wrong is not None or found is None:
        raise Refusal(
            "invalid_form",
            wrong or Text("请选择产品。", "Please choose a product."),
            422,
            {"product": wrong} if wrong else {},
        )
    return found


def fits(ctx: Context) -> None:
    invitation = invitation_of(ctx)
    if invitation.demand.state != "published":
        raise Refusal(
            "demand_over",
            Text("这项需求已经结束，不能再答复。", "The demand is over; it can be answered no more."),
            409,
        )
    offered_product(invitation.demand, invitation.supplier_id, ctx.data["product"])


def need_of(demand: Demand) -> str:
    """The demand in the words of an inquiry."""
    names = "、".join(c["name"] for c in demand.content.get("columns", ()))
    text = f"{demand.number} {demand.title}。{demand.content['text']}" + (f" 字段：{names}。" if names else "")
    return text[: NEED_MAX - 1] + "…" if len(text) > NEED_MAX else text


def answered(ctx: Context) -> None:
    """The answer opens an inquiry: inviting was asking, so it is the demander's, by the invitation that he sent."""
    invitation = invitation_of(ctx)
    demand = invitation.demand
    CaseParty.objects.get_or_create(case=ctx.case, party_id=demand.party_id, capacity="demander")
    asker = PlainActor(
        None,
        demand.party_id,
        demand.party.roles,
        frozenset({"handler"}),
        label=f"{demand.party.name} · 依邀请{ctx.case.number}",
    )
    product = offered_product(demand, invitation.supplier_id, ctx.data["product"])
    case = trade.inquire(asker, product.number, {"purpose": demand.purpose, "need": need_of(demand)})
    invitation.product, invitation.inquiry = product, Inquiry.objects.get(case=case)
    invitation.answered_at, invitation.mandate = clock.now(), getattr(ctx.actor, "mandate", None)
    invitation.save()
    _refs(ctx, invitation)
    ctx.refs += [("inquiry", case.number), *product.event_refs()]
    ctx.outputs["inquiry"] = case.number


def ended(ctx: Context) -> None:
    invitation = invitation_of(ctx)
    invitation.living = False
    invitation.save(update_fields=["living"])
    _refs(ctx, invitation)


INVITING = Form(1, (Field("message", "textarea", Text("给供方的话", "Message"), Text("选填；对方看得到。", "Optional; the supplier reads it."),
                          required=False, max_length=800),))  # fmt: skip
ANSWER = Form(
    1,
    (
        Field("product", "text", Text("用哪个产品答复", "Which product"), max_length=20),
        Field("message", "textarea", Text("给需方的话", "Message"), required=False, max_length=800),
    ),
)
STATES = (
    State("invited", Text("待供方答复", "Awaiting the supplier")),
    State("answered", Text("已答复", "Answered"), "ok", True),
    State("declined", Text("供方谢绝", "Declined"), "off", True),
    State("cancelled", Text("需方已取消", "Cancelled by the buyer"), "off", True),
    State("ended", Text("需求已结束", "Demand over"), "off", True),
    State("lapsed", Text("逾期未答复", "Not answered in time"), "off", True),
)
STEPS = (
    Transition("answer", Text("用产品答复", "Answer with a product"), ("invited",), "answered", SUPPLIER, ANSWER, stops=("answer",),
               guard=fits, effect=answered,
               confirm=Text("随即开始询价，由您报价；答复本身不构成承诺。", "An inquiry begins and you quote; the answer itself binds nobody.")),
    Transition("decline", Text("谢绝", "Decline"), ("invited",), "declined", SUPPLIER, WHY, effect=ended, danger=True),
    Transition("cancel", Text("取消邀请", "Cancel the invitation"), ("invited",), "cancelled", DEMANDER, effect=ended, optional=True),
    Transition("end", Text("随需求结束", "End with the demand"), ("invited",), "ended", (TIMER,), effect=ended),
    Transition("lapse", Text("逾期未答复", "Answer overdue"), ("invited",), "lapsed", (TIMER,), effect=ended),
)  # fmt: skip
OPENING = Transition(
    "invite", Text("邀请报价", "Invite to quote"), (), "invited", (*DEMANDER, Role("operator", "handler")), INVITING, starts=("answer",),
    effect=opened,
)  # fmt: skip
INVITATION = register(
    Procedure(
        code="market.invitation",
        label=Text("邀请报价", "Invitation to quote"),
        number_prefix="YQ",
        opening=OPENING,
        states=STATES,
        transitions=STEPS,
        clocks=(ClockSpec("answer", Text("答复期限", "Answer"), "answer", on_expiry="lapse"),),
        profile="demand",
        capacities=(
            ("demander", Text("需方", "Buyer")),
            ("supplier", Text("供方", "Supplier")),
            ("operator", Text("运营机构（代转）", "Operator, passing it on")),
        ),
        page="/desk/invitations/{}",
    )
)
