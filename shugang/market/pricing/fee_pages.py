"""Pages of public-data fees: the public tariffs, the authority's decisions and caps, the holder's report."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import clock, paging
from shugang.kernel.errors import Refusal
from shugang.kernel.models import RuleProfile
from shugang.kernel.profiles import current_profile
from shugang.policy.priceplan import PricePlan, Tier
from shugang.policy.text import Text
from shugang.ui.formats import fen
from shugang.ui.jinja import tx

from ..http import form_state, member, once, status_of, visitor
from ..products import editor_values, plan_form, preview, pricing
from ..products.models import DataProduct
from . import fees, queries
from .allowance import CAP_KINDS
from .models import FeeAllowance


@require_GET
def tariffs(request: HttpRequest) -> HttpResponse:
    """Public: what may be earned, what may be charged, what was earned."""
    actor = visitor(request)
    page = paging.page(queries.allowances().order_by(), request.GET.get("after", ""))
    context = {
        "page": page, "rows": [_row(a) for a in page.items], "may_decide": fees.may_decide(actor), "party": actor.party_id,
        "chart": _chart(page.items), "example": _example(), "json_url": "/api/v1/tariffs", "today": clock.today(),
    }  # fmt: skip
    return render(request, "market/tariffs.html", context)


def _row(row: FeeAllowance) -> dict[str, Any]:
    caps = [
        (c, pricing.headline(c.read_plan()), pricing.headline(c.product.plan) if c.product.state == "listed" else None)
        for c in queries.caps(row)
    ]
    terms = row.terms
    chain = Text(
        f"{fen(row.cost_fen)} + {fen(row.profit_fen)} + {fen(row.tax_fen)} = {fen(terms.gross_fen)}",
        f"{fen(row.cost_fen)} + {fen(row.profit_fen)} + {fen(row.tax_fen)} = {fen(terms.gross_fen)}",
    )
    return {"row": row, "caps": caps, "chain": chain, "terms": terms, "report": getattr(row, "report", None)}


def _chart(items: list[FeeAllowance]) -> dict[str, Any] | None:
    """Allowed and earned by period, the oldest first."""
    told = [a for a in reversed(items) if hasattr(a, "report")]
    if not told:
        return None
    return {
        "type": "bar",
        "unit": tx(Text("元", "CNY")),
        "x": [f"{a.holder.name} {a.period_from.year}" for a in told],
        "series": [
            {"name": tx(Text("准许收入", "Allowed")), "data": [a.terms.allowed_fen / 100 for a in told]},
            {"name": tx(Text("实际收入", "Earned")), "data": [a.report.revenue_fen / 100 for a in told]},
        ],
    }


def _example() -> dict[str, Any] | None:
    """The tariff of the rule profile, as an example of a graduated cap."""
    try:
        said = current_profile("pricing", clock.today()).data["example_tariff"]
    except RuleProfile.DoesNotExist:
        return None
    tiers = tuple(Tier(up_to, price) for up_to, price in said["tiers"])
    plan = PricePlan("tiered", unit=said["unit"], tiers=tiers, billable=("found",))
    return {
        "title": Text(**said["title"]),
        "structure": Text(**said["structure"]),
        "source": Text(**said["source"]),
        "view": preview.context(plan, "api"),
    }


@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest) -> HttpResponseBase:
    actor = member(request)
    fees.require_authority(actor)
    values = {f.name: request.POST.get(f.name, "") for f in fees.DECISION.fields}
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            once(request, values, lambda: {"number": fees.decide_allowance(actor, values).number})
            return redirect("tariffs")
        except Refusal as error:
            refusal = error
    title = Text("核定最高准许收入", "Decide the allowance")
    lead = Text(
        "最高准许收入 = 经营成本 + 准许利润 + 税金；上一期超收自动扣减。",
        "Allowance = operating cost + permitted profit + tax; the previous period's surplus is deducted.",
    )
    return _form(request, title, lead, fees.DECISION.fields, values, refusal)


@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    row = fees.own_allowance(actor, number)
    values = {f.name: request.POST.get(f.name, "") for f in fees.REPORT.fields}
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            once(request, values, lambda: {"surplus": fees.report_period(actor, number, values).surplus_fen})
            return redirect("tariffs")
        except Refusal as error:
            refusal = error
    billed = fen(fees.billed_fen(row))
    lead = Text(
        f"{row.period_from} ~ {row.period_to}，平台已出账{billed}，准许收入{fen(row.terms.allowed_fen)}；超出部分在下一期扣减。",
        f"{row.period_from} ~ {row.period_to}: the platform billed {billed}; allowed {fen(row.terms.allowed_fen)}. "
        "What goes beyond is deducted in the next period.",
    )
    return _form(request, Text("年度报告", "Yearly report"), lead, fees.REPORT.fields, values, refusal)


def _form(
    request: HttpRequest, title: Text, lead: Text, fields: Any, values: dict[str, Any], refusal: Refusal | None
) -> HttpResponse:
    context = {"title": title, "lead": lead, "fields": fields, "values": values, **form_state(refusal)}
    return render(request, "market/fee_form.html", context, status=status_of(refusal))


@require_http_methods(["GET", "POST"])
def set_cap(request: HttpRequest, number: str) -> HttpResponseBase:
    """Choose a product of the holder, then its cap in the editor of prices."""
    actor = member(request)
    fees.require_authority(actor)
    row = queries.get_allowance(number)
    products = fees.holders_products(row)
    wanted = request.POST.get("product") or request.GET.get("product", "")
    product = products.filter(number=wanted).first()
    if product is None:
        context = {"row": row, "products": list(products), "product": None, **form_state(None)}
        return render(request, "market/cap.html", context)
    if request.method == "GET":
        cap = next((c for c in queries.caps(row) if c.product_id == product.pk), None)
        plan = cap.read_plan() if cap else product.plan if product.plan.kind in CAP_KINDS else PricePlan("free")
        return _cap_form(
            request, row, product, {**plan_form.from_plan(plan), "remark": cap.remark if cap else ""}, None
        )
    values = editor_values.from_post(request.POST)
    remark = request.POST.get("remark", "")
    try:
        plan = plan_form.read_plan(request.POST)
        if "preview" in request.POST:
            return _cap_form(request, row, product, values, None, preview.context(plan, product.mode))
        once(request, values, lambda: {"cap": fees.set_cap(actor, number, wanted, plan, remark).plan})
    except Refusal as refusal:
        return _cap_form(request, row, product, values, refusal)
    return redirect("tariffs")


def _cap_form(
    request: HttpRequest, row: FeeAllowance, product: DataProduct, values: dict[str, Any], refusal: Refusal | None,
    shown: dict[str, Any] | None = None,
) -> HttpResponse:  # fmt: skip
    form = editor_values.context([], product.mode, values)
    form["editor"]["kinds"] = [(k, label) for k, label in form["editor"]["kinds"] if k in CAP_KINDS]
    context = {"row": row, "product": product, "preview": shown, **form, **form_state(refusal)}
    return render(request, "market/cap.html", context, status=status_of(refusal))


urlpatterns = [
    path("tariffs", tariffs, name="tariffs"),
    path("desk/fees/new", decide, name="decide-allowance"),
    path("desk/fees/<str:number>/cap", set_cap, name="set-cap"),
    path("desk/fees/<str:number>/report", report, name="report-fees"),
]
