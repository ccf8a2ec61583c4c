"""The procedure of an uninvited answer, and what its steps bring about."""

from __future__ import annotations

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import TIMER, ClockSpec, Context, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from ..demand.forms import WHY
from ..demand.invitations import need_of
from ..demand.models import Demand
from ..products.models import DataProduct
from ..trade import services as trade
from ..trade.models import Inquiry
from .models import DemandResponse

DEMANDER, SUPPLIER = (Role("demander", "handler"),), (Role("supplier", "handler"),)


def response_of(ctx: Context) -> DemandResponse:
    return DemandResponse.objects.select_related("demand__party", "demand__case", "product").get(case=ctx.case)


def _refs(ctx: Context, row: DemandResponse) -> None:
    ctx.refs += [("response", ctx.case.number), ("demand", row.demand.number), *row.product.event_refs()]


def opened(ctx: Context) -> None:
    """Tie the new case to demand and product that `services.offer` locked and checked in the same transaction."""
    refs = dict(ctx.refs)
    demand = Demand.objects.get(case__number=refs["demand"])
    product = DataProduct.objects.get(number=refs["product"])
    DemandResponse.objects.create(
        case=ctx.case, demand=demand, demand_version=demand.version, product=product, supplier_id=product.supplier_id,
        message=ctx.data.get("message", ""), offered_at=clock.now(),
    )  # fmt: skip
    ctx.refs.append(("response", ctx.case.number))


def still_open(ctx: Context) -> None:
    if response_of(ctx).demand.state != "published":
        raise Refusal("demand_over", Text("这项需求已经结束。", "The demand is over."), 409)


def inquired(ctx: Context) -> None:
    """The demander's own inquiry about the offered product, in the demand's words and for its purpose."""
    row = response_of(ctx)
    said = {"purpose": row.demand.purpose, "need": need_of(row.demand)}
    case = trade.inquire(ctx.actor, row.product.number, said)
    row.inquiry, row.answered_at = Inquiry.objects.get(case=case), clock.now()
    row.save(update_fields=["inquiry", "answered_at"])
    _refs(ctx, row)
    ctx.refs.append(("inquiry", case.number))
    ctx.outputs["inquiry"] = case.number


def ended(ctx: Context) -> None:
    row = response_of(ctx)
    row.living, row.reason = False, str(ctx.data.get("reason", ""))[:400]
    row.answered_at = clock.now()
    row.save(update_fields=["living", "reason", "answered_at"])
    _refs(ctx, row)


OFFER = Form(
    1,
    (
        Field("product", "text", Text("用哪个产品应答", "Which product"), max_length=20),
        Field("message", "textarea", Text("给需方的话", "Message"),
              Text("选填：怎样满足需求、哪里不同。", "Optional: how it meets the demand, and where it differs."), required=False, max_length=800),
    ),
)  # fmt: skip
RESPONSE = register(
    Procedure(
        code="market.response",
        label=Text("主动应答", "Uninvited answer"),
        number_prefix="YD",
        opening=Transition("offer", Text("应答需求", "Answer the demand"), (), "offered", SUPPLIER, OFFER, starts=("reading",), effect=opened),
        states=(
            State("offered", Text("待需方处理", "Awaiting the buyer")),
            State("inquired", Text("需方已询价", "The buyer inquires"), "ok", True),
            State("declined", Text("需方谢绝", "Declined"), "off", True),
            State("withdrawn", Text("供方已撤回", "Withdrawn"), "off", True),
            State("ended", Text("需求已结束", "Demand over"), "off", True),
            State("lapsed", Text("逾期未处理", "Not read in time"), "off", True),
        ),
        transitions=(
            Transition("inquire", Text("据此询价", "Inquire about it"), ("offered",), "inquired", DEMANDER, stops=("reading",),
                       guard=still_open, effect=inquired,
                       confirm=Text("以需求的用途和内容向供方询价，由供方报价；询价不构成承诺。",
                                    "An inquiry with the demand's purpose and text; the supplier quotes. It binds nobody.")),
            Transition("decline", Text("谢绝", "Decline"), ("offered",), "declined", DEMANDER, WHY, stops=("reading",), effect=ended, danger=True,
                       optional=True),
            Transition("withdraw", Text("撤回应答", "Withdraw it"), ("offered",), "withdrawn", SUPPLIER, stops=("reading",), effect=ended,
                       danger=True, optional=True),
            Transition("end", Text("随需求结束", "End with the demand"), ("offered",), "ended", (TIMER,), effect=ended),
            Transition("lapse", Text("逾期未处理", "Not read in time"), ("offered",), "lapsed", (TIMER,), effect=ended),
        ),
        clocks=(ClockSpec("reading", Text("处理期限", "Reading"), "reading", on_expiry="lapse"),),
        profile="responses",
        capacities=(("supplier", Text("供方", "Supplier")), ("demander", Text("需方", "Buyer"))),
        page="/desk/demand-responses/{}",
    )
)  # fmt: skip
