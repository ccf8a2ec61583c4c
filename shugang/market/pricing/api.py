"""Price guidance through the API: previews, models, estimates, the four prices, fees of public data, contribution splits."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.policy.codec import TermsError
from shugang.policy.priceplan import PricePlan
from shugang.policy.priceplan.curve import curve

from ..http import member, once_api, visitor
from ..products import offer, preview
from ..products.queries import product_for
from ..products.services import own_product
from . import fees, queries, services, splits, warnings
from .process import MODEL

router = Router(tags=["pricing"])


class PlanIn(Schema):
    """A price plan as `policy.priceplan` spells it."""

    plan: dict[str, Any]


class ModelIn(Schema):
    """The answers of the form (GET /pricing-model-form)."""

    form: dict[str, Any]


class EstimateIn(Schema):
    """`inputs`: factor → a number, or [low, high]; `grounds` says where they come from."""

    model: str
    inputs: dict[str, Any]
    grounds: str
    public: bool = False


class ReasonIn(Schema):
    reason: str


class SplitIn(Schema):
    """`players`: party numbers; `rows`: {members, value}; `method`: table or metered."""

    players: list[str]
    method: str = "table"
    rows: list[dict[str, Any]]
    remark: str
    seed: int = 0


class AllowanceIn(Schema):
    """The answers of `fees.DECISION`, money in 元 as text."""

    form: dict[str, Any]


class CapIn(Schema):
    product: str
    plan: dict[str, Any]
    remark: str = ""


@router.post(
    "/price-preview",
    auth=None,
    summary="A price plan looked at: points of price by volume, and where it can be undercut",
)
def look(request: HttpRequest, said: PlanIn) -> dict[str, Any]:
    try:
        plan = PricePlan.from_json(said.plan)
    except TermsError as error:
        raise offer.refusal(error) from error
    found = preview.findings(plan)
    return {
        "points": [{"units": p.units, "amount_fen": p.amount_fen} for p in curve(plan)],
        "findings": [{"code": f.code, **f.text.to_json(), "whole": f.whole, "parts": list(f.parts), "whole_fen": f.whole_fen,
                      "parts_fen": f.parts_fen} for f in found],
    }  # fmt: skip


@router.get("/pricing-model-form", auth=None, summary="The form of a pricing model")
def form(request: HttpRequest) -> dict[str, Any]:
    return MODEL.schema()


@router.get("/pricing-models", auth=None, summary="Published pricing models and one's own, newest first")
def models(request: HttpRequest, sector: str = "", type: str = "", state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.models(visitor(request), sector, type, state), after)
    return {"items": [queries.model_json(m) for m in found.items], "next": found.next, "total": found.total}


@router.get("/pricing-models/{number}", auth=None, summary="One pricing model: factors, formula, examples, validity")
def model(request: HttpRequest, number: str) -> dict[str, Any]:
    return queries.model_json(queries.get_model(visitor(request), number))


@router.post(
    "/pricing-models", summary="Draft a pricing model (association or agency); its steps are those of the case"
)
def draft(request: HttpRequest, said: ModelIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.form, lambda: {"number": services.draft_model(actor, said.form).number})


@router.get(
    "/products/{number}/prices", summary="Ask, estimates, bids and deals of a product, as far as the reader may see"
)
def prices(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    return queries.prices_json(actor, product_for(number, actor))


@router.post("/own-products/{number}/estimates", summary="Apply a published model to one's own product")
def make_estimate(request: HttpRequest, number: str, said: EstimateIn) -> dict[str, Any]:
    actor = member(request)

    def act() -> dict[str, Any]:
        row = services.make_estimate(actor, number, said.model, said.inputs, said.grounds, said.public)
        return {"low_e8": row.low_e8, "mid_e8": row.mid_e8, "high_e8": row.high_e8, "working": row.working}

    return once_api(request, said.dict(), act)


@router.post("/own-products/{number}/price-warning", summary="Accept that the price can be undercut, with a reason")
def accept(request: HttpRequest, number: str, said: ReasonIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(
        request, said.reason, lambda: {"digest": warnings.accept_warning(actor, number, said.reason).digest}
    )


@router.get("/own-products/{number}/splits", summary="Contribution splits of one's own product, newest first")
def own_splits(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    return {"items": [queries.split_json(s) for s in queries.splits(actor, own_product(actor, number))]}


@router.post(
    "/own-products/{number}/splits", summary="Compute what each provider contributes; later contracts freeze the shares"
)
def make_split(request: HttpRequest, number: str, said: SplitIn) -> dict[str, Any]:
    actor, data = member(request), said.dict()

    def act() -> dict[str, Any]:
        row = splits.make_split(actor, number, said.players, said.method, said.rows, said.remark, said.seed)
        return {"method": row.method, "values": row.values, "shares": row.shares, "error": row.error}

    return once_api(request, data, act)


@router.get("/tariffs", auth=None, summary="Fees of public data: allowances, caps, reports")
def tariffs(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.allowances().order_by(), after)
    return {"items": [queries.allowance_json(a) for a in found.items], "next": found.next, "total": found.total}


@router.post("/fee-allowances", summary="Decide what an operator of public data may earn in a period (authority)")
def decide(request: HttpRequest, said: AllowanceIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.form, lambda: {"number": fees.decide_allowance(actor, said.form).number})


@router.post("/fee-allowances/{number}/caps", summary="Set the fee cap of a product (authority)")
def cap(request: HttpRequest, number: str, said: CapIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(
        request, said.dict(), lambda: {"plan": fees.set_cap(actor, number, said.product, said.plan, said.remark).plan}
    )


@router.post("/fee-allowances/{number}/report", summary="Report a period that is over (the operator of public data)")
def report(request: HttpRequest, number: str, said: AllowanceIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(
        request, said.form, lambda: {"surplus_fen": fees.report_period(actor, number, said.form).surplus_fen}
    )
