"""Pages of pricing models and of a product's prices; those of fees stand in `fee_pages`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import engine, paging
from shugang.kernel import queries as cases
from shugang.kernel.errors import Refusal, not_found
from shugang.policy.text import Text
from shugang.ui.formats import e8, number
from shugang.ui.jinja import tx

from ..guidance import deals as guidance
from ..http import form_state, member, once, revision_of, status_of, visitor
from ..products import preview, pricing
from ..products.kinds import SECTORS, TYPES
from ..products.models import DataProduct
from ..products.queries import product_for
from ..products.services import own_product, require_supply
from . import fee_pages, lines, queries, services, splits, warnings
from .models import BASES, ContributionSplit, Estimate, PricingModel
from .process import MODEL, MODELLING

STATES = {s.name: (s.label, s.tone) for s in MODELLING.states}
METHODS: dict[str, Text] = {
    "table": Text("按各种组合的价值（取值表）", "By the value of coalitions (table)"),
    "metered": Text("按用量：每次使用需要哪些提供方", "By use: which providers each use needs"),
}
HOW: dict[str, Text] = {
    "exact": Text("精确计算（Shapley值）", "Exact Shapley values"),
    "sampled": Text("随机抽样排列", "Sampled orders"),
    "metered": Text("按用量精确计算", "Exact, by metered use"),
}


@require_GET
def model_list(request: HttpRequest) -> HttpResponse:
    """Public: published models by sector and type, and one's own drafts."""
    actor = visitor(request)
    sector = request.GET.get("sector", "") if request.GET.get("sector") in SECTORS else ""
    page = paging.page(queries.models(actor, sector), request.GET.get("after", ""))
    known = sorted(set(queries.models(actor).order_by().values_list("sector", flat=True)))
    segments = [
        (Text("全部行业", "All sectors"), "?", not sector),
        *((SECTORS[s], f"?sector={s}", s == sector) for s in known),
    ]
    context = {
        "page": page, "segments": segments, "states": STATES, "types": TYPES, "sectors": SECTORS,
        "may_author": services.may_author(actor), "json_url": "/api/v1/pricing-models",
    }  # fmt: skip
    return render(request, "market/pricing_models.html", context)


@require_GET
def model_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = visitor(request)
    model = queries.get_model(actor, number)
    label, tone = STATES[model.state]
    context = {
        "model": model, "state": label, "tone": tone, "facts": queries.model_facts(model),
        "later": model.later.filter(state__in=PricingModel.PUBLIC).select_related("case").first(),
        "own": actor.party_id == model.owner_id, "may_edit": services.may_author(actor) and model.state == "draft",
        "json_url": f"/api/v1/pricing-models/{number}",
    }  # fmt: skip
    return render(request, "market/pricing_model.html", context)


@require_http_methods(["GET", "POST"])
def new_model(request: HttpRequest) -> HttpResponseBase:
    actor = member(request)
    if not services.may_author(actor):
        raise not_found(Text("这个页面", "such page"))
    values = {f.name: request.POST.get(f.name, "") for f in MODEL.fields}
    if request.method == "GET":
        return _model_form(request, _next_version(request), None, None)
    try:
        made = once(request, values, lambda: {"number": services.draft_model(actor, values).number})
    except Refusal as refusal:
        return _model_form(request, values, refusal, None)
    return redirect("pricing-model", number=made["number"])


def _next_version(request: HttpRequest) -> dict[str, Any]:
    """A new version opens with what the published one says."""
    old = request.GET.get("replaces", "")
    model = queries.models(member(request)).filter(case__number=old, state="published").first() if old else None
    return {**_values(model), "replaces": old} if model else {}


def _values(model: PricingModel) -> dict[str, Any]:
    names = ("title", "sector", "type", "scenario", "basis", "formula", "spread", "notes")
    return {
        **{name: getattr(model, name) for name in names},
        "factors": lines.factors_text(model.factors), "examples": lines.examples_text(model.examples),
        "valid_from": model.valid_from.isoformat(), "valid_until": model.valid_until.isoformat(),
        "replaces": model.replaces.number if model.replaces else "",
    }  # fmt: skip


@require_http_methods(["GET", "POST"])
def edit_model(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    model = queries.get_model(actor, number)
    if "revise" not in {s.name for s in cases.steps_for(model.case, actor)}:
        raise not_found(Text("这个操作，或模型已提交评审", "such step, or the model is under review"))
    if request.method == "GET":
        return _model_form(request, _values(model), None, model)
    values = {f.name: request.POST.get(f.name, "") for f in MODEL.fields}
    try:
        once(
            request, values, lambda: {"rev": engine.act(number, "revise", actor, values, revision_of(request)).revision}
        )
    except Refusal as refusal:
        return _model_form(request, values, refusal, model)
    return redirect("pricing-model", number=number)


def _model_form(
    request: HttpRequest, values: dict[str, Any], refusal: Refusal | None, model: PricingModel | None
) -> HttpResponse:
    context = {
        "title": Text("修改定价模型", "Edit the pricing model") if model else Text("编制定价模型", "New pricing model"),
        "fields": MODEL.fields, "values": values, "rev": model.case.revision if model else None, **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/pricing_model_edit.html", context, status=status_of(refusal))


# --- the prices of a product ---


@require_GET
def prices_page(request: HttpRequest, number: str) -> HttpResponse:
    """Ask, estimates, bids and deals apart, and their history, as far as the reader may see them."""
    return _prices(request, number, None)


def _prices(request: HttpRequest, number: str, refusal: Refusal | None) -> HttpResponse:
    actor = member(request)
    product = product_for(number, actor)
    own = actor.party_id == product.supplier_id
    found = warnings.findings(product) if own else []
    history = queries.history(actor, product)
    context = {
        "product": product, "own": own, "view": preview.context(product.plan, product.mode),
        "estimates": [_estimate_row(e) for e in queries.estimates(actor, product)], "bases": BASES,
        "bids": [(q, pricing.headline(q.read_plan())) for q in queries.bids(actor, product)],
        "deals": [(c, pricing.headline(c.plan)) for c in queries.deals(actor, product)],
        "asks": [(a, pricing.headline(a.read_plan())) for a in reversed(queries.asks(actor, product))],
        "history": _chart(history) if len(history) > 1 else None,
        "reference": pricing.amount(product.plan, queries.reference_units(product)),
        "findings": found, "accepted": warnings.accepted(product, found) if found else None,
        "split": next(iter(queries.splits(actor, product)), None), "how": HOW, "may_supply": own and "handler" in actor.duties,
        "reason": request.POST.get("reason", ""), "json_url": f"/api/v1/products/{number}/prices",
        "guidance": guidance.panel(actor, product), **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/prices.html", context, status=status_of(refusal))


def _estimate_row(row: Estimate) -> dict[str, Any]:
    return {
        "row": row, "low": e8(row.low_e8), "mid": e8(row.mid_e8), "high": e8(row.high_e8),
        "steps": [[text, low if low == high else f"{low} ~ {high}"] for text, low, high in row.working],
        "inputs": [[f["label"], f["label_en"], row.inputs.get(f["name"], ""), f["unit"]] for f in row.model.factors],
    }  # fmt: skip


def _chart(history: list[tuple[Any, str, int]]) -> tuple[dict[str, Any], Text]:
    """One mark for each price on its day, an estimate's two ends together; the ask goes on until it changes."""
    marks: list[tuple[Any, dict[str, float]]] = []
    for day, kind, amount in history:
        if kind == "high":
            marks[-1][1][kind] = amount / 100
        else:
            marks.append((day, {kind: amount / 100}))
    series = []
    for kind in (k for k in queries.KINDS if any(k in mark for _, mark in marks)):
        last, data = None, []
        for _, mark in marks:
            last = mark.get(kind, last if kind == "ask" else None)
            data.append(last)
        series.append({"name": tx(queries.KINDS[kind]), "data": data})
    first, final = marks[0][0], marks[-1][0]
    chart = {"type": "line", "unit": tx(Text("元", "CNY")), "x": [str(day) for day, _ in marks], "series": series}
    return chart, Text(
        f"{first}至{final}的各次价格，按同一用量折算。",
        f"Every price from {first} to {final}, at one and the same volume.",
    )


@require_POST
def accept_warning(request: HttpRequest, number: str) -> HttpResponseBase:
    actor, reason = member(request), request.POST.get("reason", "")
    try:
        once(request, reason, lambda: {"digest": warnings.accept_warning(actor, number, reason).digest})
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _prices(request, number, refusal)
    return redirect("product-prices", number=number)


@require_http_methods(["GET", "POST"])
def estimate_page(request: HttpRequest, number: str) -> HttpResponseBase:
    """Choose a model, enter what is known of each factor, get a range."""
    actor = member(request)
    require_supply(actor)
    product = own_product(actor, number)
    choice = queries.applicable_models(product)
    wanted = request.POST.get("model") or request.GET.get("model", "")
    model = next((m for m in choice if m.number == wanted), None)
    if request.method == "GET" or model is None:
        return _estimate_form(request, product, list(choice), model, None)
    inputs = {f["name"]: request.POST.get(f"i_{f['name']}", "") for f in model.factors}
    grounds, public = request.POST.get("grounds", ""), "public" in request.POST
    try:
        once(request, [wanted, inputs, grounds, public], lambda: {
            "mid": services.make_estimate(actor, number, wanted, inputs, grounds, public).mid_e8})  # fmt: skip
    except Refusal as refusal:
        return _estimate_form(request, product, list(choice), model, refusal)
    return redirect("product-prices", number=number)


def _estimate_form(
    request: HttpRequest,
    product: DataProduct,
    choice: list[PricingModel],
    model: PricingModel | None,
    refusal: Refusal | None,
) -> HttpResponse:
    context = {
        "product": product, "choice": choice, "model": model, "facts": queries.model_facts(model) if model else [],
        "values": request.POST, **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/estimate.html", context, status=status_of(refusal))


@require_http_methods(["GET", "POST"])
def split_page(request: HttpRequest, number: str) -> HttpResponseBase:
    """What each provider of a fused product contributes: the table as typed, the values, and what contracts freeze."""
    actor = member(request)
    require_supply(actor)
    product = own_product(actor, number)
    if request.method == "GET":
        last = product.splits.order_by("-pk").first()
        return _split_form(request, product, _split_values(product, last), None)
    values = {name: request.POST.get(name, "") for name in ("players", "method", "rows", "remark", "seed")}
    try:
        players, rows, seed = _typed(values)
        once(request, values, lambda: {
            "shares": splits.make_split(actor, number, players, values["method"], rows, values["remark"], seed).shares})  # fmt: skip
    except Refusal as refusal:
        return _split_form(request, product, values, refusal)
    return redirect("product-split", number=number)


def _typed(values: dict[str, str]) -> tuple[list[str], list[dict[str, Any]], int]:
    """Players one a line; rows “A + B = 100”. Raises Refusal `invalid_form`."""
    rows = []
    for line in filter(str.strip, values["rows"].splitlines()):
        left, _, value = line.replace("＋", "+").replace("＝", "=").partition("=")
        text = value.strip().replace(",", "")
        members = [part.strip() for part in left.split("+") if part.strip()]
        rows.append(
            {"members": members, "value": int(text) if text.isascii() and text.isdigit() and len(text) < 17 else None}
        )
    seed = values["seed"].strip() or "0"
    return values["players"].split(), rows, int(seed) if seed.isascii() and seed.isdigit() and len(seed) < 17 else -1


def _split_values(product: DataProduct, last: ContributionSplit | None) -> dict[str, str]:
    if last is None:
        return {"players": product.supplier.number, "method": "table"}
    rows = "\n".join(f"{' + '.join(r['members'])} = {r['value']}" for r in last.basis)
    method = "metered" if last.method == "metered" else "table"
    players = "\n".join(n for n, _ in last.players)
    return {"players": players, "method": method, "rows": rows, "remark": last.remark, "seed": str(last.seed)}


def _split_form(
    request: HttpRequest, product: DataProduct, values: dict[str, str], refusal: Refusal | None
) -> HttpResponse:
    kept = [_split_view(s) for s in product.splits.order_by("-pk")]
    context = {
        "product": product,
        "values": values,
        "methods": METHODS,
        "kept": kept,
        "how": HOW,
        **form_state(refusal),
    }
    return render(request, "market/split.html", context, status=status_of(refusal))


def _split_view(row: ContributionSplit) -> dict[str, Any]:
    """Values rounded for reading; the stored ones are exact."""
    shown = [
        [f"{name}（{party}）", number(round(float(Fraction(value)), 2)), f"{share / 10_000:.4f}%"]
        for (party, name), value, share in zip(row.players, row.values, row.shares, strict=True)
    ]
    chart = {
        "type": "bar",
        "unit": "%",
        "x": [name for _, name in row.players],
        "series": [{"name": tx(Text("份额", "Share")), "data": [share / 10_000 for share in row.shares]}],
    }
    return {"row": row, "rows": shown, "chart": chart}


urlpatterns = [
    path("pricing-models", model_list, name="pricing-models"),
    path("pricing-models/<str:number>", model_page, name="pricing-model"),
    path("desk/pricing-models/new", new_model, name="new-pricing-model"),
    path("desk/pricing-models/<str:number>/edit", edit_model, name="edit-pricing-model"),
    path("desk/prices/<str:number>", prices_page, name="product-prices"),
    path("desk/prices/<str:number>/warning", accept_warning, name="accept-price-warning"),
    path("desk/prices/<str:number>/estimate", estimate_page, name="product-estimate"),
    path("desk/prices/<str:number>/split", split_page, name="product-split"),
    *fee_pages.urlpatterns,
]
