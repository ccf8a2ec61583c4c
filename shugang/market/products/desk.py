"""The supplier's pages: his products, a new one, its draft."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.assets.models import DataAsset
from shugang.assets.registration.queries import valid_certificate
from shugang.kernel import clock, paging, procedure
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.policy.describing import VERSION_LABELS
from shugang.policy.terms import MODES, Terms, describe
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..demand import funnel
from ..http import form_state, member, once, status_of
from ..listing.reopening import followed
from ..listing.services import needs_review, open_listing
from ..pricing.warnings import open_findings
from . import editor, editor_values, plan_form, pricing, queries, services
from .kinds import SECTORS, SPEC, STATES, TYPES
from .known import read_of
from .models import DataProduct
from .preview import context as preview_context
from .sheet import open_lines, parts
from .trust import public_trust

HINTS: dict[str, Text] = {
    "table": Text("托管数据整表共享，按版本生成文件", "Hosted data shared as a table"),
    "api": Text("托管数据按键逐条查询", "Hosted data looked up by key"),
    "file": Text("托管数据作为一个文件下载", "Hosted data downloaded as one file"),
    "query": Text("数据留在供方，只运行登记的查询", "The data stays with you; only the registered query runs"),
    "proxy": Text(
        "您自己的HTTP接口，只开放登记的操作", "Your own HTTP interface; only the registered operations are open"
    ),
    "push": Text("托管数据写入需方登记的存储", "Hosted data written to the buyer's own store"),
    "stream": Text("您自己的MQTT主题，按时间窗口计量", "Your own MQTT topics, metered by windows of time"),
    "sql": Text(
        "需方用SQL自行查询托管数据，可约定只输出汇总",
        "Buyers write their own SQL over hosted data; it can be aggregates only",
    ),
}
HEADER = (
    Text("编号", "Number"),
    Text("名称", "Name"),
    Text("资产", "Asset"),
    Text("状态", "State"),
    Text("价格", "Price"),
)


def _may_supply(actor: Actor) -> bool:
    return "supplier" in actor.roles and "handler" in actor.duties


@require_GET
def own_products(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    state = request.GET.get("state", "") if request.GET.get("state", "") in STATES else ""
    rows = queries.products(actor, state)
    if request.GET.get("format") == "csv":
        lines = (
            [p.number, p.name, p.asset.number, STATES[p.state][0], pricing.headline(p.plan)] for p in rows[:10_000]
        )
        return csv_response("products", HEADER, lines)
    page = paging.page(rows, request.GET.get("after", ""))
    segments = [
        (Text("全部", "All"), "?", not state),
        *((label, f"?state={s}", state == s) for s, (label, _) in STATES.items()),
    ]
    prices = {p.number: pricing.headline(p.plan) for p in page.items}
    context = {"page": page, "states": STATES, "segments": segments, "prices": prices, "may_supply": _may_supply(actor)}
    return render(request, "market/own_products.html", context)


@require_GET
def own_product(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    product = queries.get_product(actor, number)
    label, tone = STATES[product.state]
    read = read_of(product)
    listings = [_listing_row(row) for row in product.listings.select_related("case", "reviewer").order_by("-pk")]
    context = {
        "product": product, "state": label, "tone": tone, "listings": listings, "may_supply": _may_supply(actor),
        "terms": describe(product.terms, product.mode), "price_rows": pricing.rows(product.plan, product.mode),
        "trust": public_trust(product, read), "sheet": parts(product, read), "not_written": open_lines(product), "newer": _newer(product), "again": needs_review(product) and not open_listing(product),
        "findings": open_findings(product) if actor.party_id == product.supplier_id else [],
        "funnel": funnel.of_product(product).tiles() if actor.party_id == product.supplier_id else [],
    }  # fmt: skip
    return render(request, "market/own_product.html", context)


def _newer(product: DataProduct) -> int | None:
    """The dataset's newest version, where the product does not deliver it."""
    last = product.dataset_version.dataset.latest
    return last.version if last is not None and last.version > followed(product)[-1].version else None


def _listing_row(listing: Any) -> list[Any]:
    from django.utils.html import format_html

    state = procedure.get("market.listing").state(listing.case.state)
    link = format_html('<a class="ti" href="/cases/{}">{}</a>', listing.case.number, listing.case.number)
    return [link, state.label, listing.reviewer.name]


def _offerable(actor: Actor) -> list[DataAsset]:
    rows = DataAsset.objects.visible_to(actor).filter(party_id=actor.party_id or 0, state="registered").order_by("-pk")
    return [a for a in rows if valid_certificate(a) is not None]


@require_http_methods(["GET", "POST"])
def new_product(request: HttpRequest) -> HttpResponseBase:
    actor = member(request)
    services.require_supply(actor)
    asked = request.POST if request.method == "POST" else request.GET
    mode = asked.get("mode", "")
    if not asked.get("asset") or mode not in MODES:
        modes = [(m, label, HINTS[m]) for m, label in MODES.items()]
        return render(request, "market/product_start.html", {"assets": _offerable(actor), "modes": modes})
    asset = services.own_asset(actor, asked["asset"])
    if request.method == "GET":
        return _form(request, asset, mode, _first_values(asset, mode), None, None)
    values = editor_values.from_post(request.POST)
    if "preview" in request.POST:
        return _form(request, asset, mode, values, None, None, preview=True)
    try:
        made = once(request, values, lambda: {"number": services.create_product(
            actor, asset_number=asset.number, **_answers(request, asset, mode, None)).number})  # fmt: skip
    except Refusal as refusal:
        return _form(request, asset, mode, values, refusal, None)
    return redirect("own-product", number=made["number"])


@require_http_methods(["GET", "POST"])
def edit_product(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    product = services.own_product(actor, number)
    asset = product.asset
    if request.method == "GET":
        return _form(request, asset, product.mode, _values_of(product), None, product)
    values = editor_values.from_post(request.POST)
    if "preview" in request.POST:
        return _form(request, asset, product.mode, values, None, product, preview=True)
    try:
        answers = _answers(request, asset, product.mode, product.terms)
        once(request, values, lambda: {"number": services.revise_product(actor, number, **answers).number})
    except Refusal as refusal:
        return _form(request, asset, product.mode, values, refusal, product)
    return redirect("own-product", number=number)


def _first_values(asset: DataAsset, mode: str) -> dict[str, Any]:
    """Every column, from today until a year from now or the certificate's end, no price yet."""
    certificate, now = valid_certificate(asset), clock.now()
    last = min(now + timedelta(days=365), certificate.valid_until if certificate else now + timedelta(days=1))
    columns = asset.dataset_version.policy_columns()
    terms = Terms(
        ("download",) if mode in ("file", "push") else ("read",), "research", tuple(c.name for c in columns), now, last
    )
    values = editor_values.from_terms(terms, columns)
    return {
        **values,
        "t_purpose": "",
        "name": asset.name,
        "summary": asset.summary,
        "sector": asset.industry,
        "p_unit_size": 1,
    }


def _values_of(product: DataProduct) -> dict[str, Any]:
    columns = product.dataset_version.policy_columns()
    facts = {f.name: getattr(product, f.name) for f in services.FACTS.fields}
    return {
        **editor_values.from_terms(product.terms, columns), **plan_form.from_plan(product.plan), **facts, **product.spec,
        "purposes": product.purposes, "key_column": product.source.get("key_column", ""),
        "versions": product.source.get("versions", "this"), "partition": "，".join(product.source.get("partition", [])),
        "table": product.source.get("table", ""),
    }  # fmt: skip


def _answers(request: HttpRequest, asset: DataAsset, mode: str, base: Terms | None) -> dict[str, Any]:
    post = request.POST
    certificate = valid_certificate(asset)
    columns = asset.dataset_version.policy_columns()
    terms = editor.read_terms(post, columns, base)
    # "Until the certificate's last day" means until the certificate ends, not until the midnight after it.
    if certificate is not None and terms.valid_until > certificate.valid_until:
        same_day = editor.shown_days(terms)[1] == certificate.valid_until.astimezone(clock.zone()).date()
        terms = replace(terms, valid_until=certificate.valid_until) if same_day else terms
    return {
        **{f.name: post.get(f.name, "") for f in services.FACTS.fields},
        "mode": mode,
        "offered_terms": terms,
        "price_plan": plan_form.read_plan(post),
        "purposes": post.getlist("purposes"),
        "spec": {key: post[key] for key in SPEC if post.get(key)},
        "source": {name: post.get(name, "") for name in ("key_column", "versions", "partition", "table")},
    }


def _form(
    request: HttpRequest, asset: DataAsset, mode: str, values: dict[str, Any], refusal: Refusal | None,
    product: DataProduct | None, preview: bool = False,
) -> HttpResponse:  # fmt: skip
    refusal, shown = _previewed(request, asset, mode, product) if preview else (refusal, None)
    columns = asset.dataset_version.policy_columns()
    context = {
        "title": Text("修改产品草稿", "Edit the draft") if product else Text("新建产品", "New product"),
        "asset": asset, "version": asset.dataset_version, "mode": mode, "facts": services.FACTS.fields,
        "spec_fields": services.SPEC_FORM.fields, "specs": [*services.FACTS.fields, *services.SPEC_FORM.fields],
        "preview": shown, "types": TYPES, "sectors": SECTORS, "version_labels": VERSION_LABELS, **editor_values.context(columns, mode, values), **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/product_edit.html", context, status=status_of(refusal))


def _previewed(
    request: HttpRequest, asset: DataAsset, mode: str, product: DataProduct | None
) -> tuple[Refusal | None, dict[str, Any] | None]:
    """The price plan as typed, looked at; or what is wrong with it."""
    try:
        plan = plan_form.read_plan(request.POST)
    except Refusal as refusal:
        return refusal, None
    others = queries.sibling_offers(asset, member(request).party_id, mode, product)
    return None, preview_context(plan, mode, others)


urlpatterns = [
    path("desk/products", own_products, name="own-products"),
    path("desk/products/new", new_product, name="new-product"),
    path("desk/products/<str:number>", own_product, name="own-product"),
    path("desk/products/<str:number>/edit", edit_product, name="edit-product"),
]
