"""Reads of price guidance: models, the four prices of a product, tariffs, splits. Each through the reader's scope."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.priceplan import PricePlan, total
from shugang.policy.priceplan.curve import spread
from shugang.policy.text import Text

from ..contracts.models import Contract
from ..products import pricing
from ..products.kinds import SECTORS, TYPES
from ..products.models import DataProduct
from ..trade.models import Quotation
from .fees import ALLOWANCE
from .models import BASES, AskPrice, ContributionSplit, Estimate, FeeAllowance, FeeCap, PricingModel
from .services import MODEL

KINDS: dict[str, Text] = {
    "ask": Text("挂牌价", "Ask"),
    "low": Text("估价下限", "Estimate, low"),
    "high": Text("估价上限", "Estimate, high"),
    "supplier": Text("供方报价", "Supplier's quotation"),
    "buyer": Text("需方还价", "Buyer's bid"),
    "deal": Text("成交价", "Deal"),
}


def models(actor: Actor, sector: str = "", type_: str = "", state: str = "") -> QuerySet[PricingModel]:
    """Models that the reader may see: public ones, and those of his own party."""
    anybody = Q(state__in=PricingModel.PUBLIC)
    rows = PricingModel.objects.visible_to(actor) if actor.party_id else PricingModel.objects.filter(anybody)
    rows = rows.select_related("case", "owner", "replaces__case")
    for name, value in (("sector", sector), ("type", type_), ("state", state)):
        rows = rows.filter(**{name: value}) if value else rows
    return rows


def get_model(actor: Actor, number: str) -> PricingModel:
    found = models(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(MODEL)
    return found


def applicable_models(product: DataProduct) -> QuerySet[PricingModel]:
    """Published models in force for this sector and type, the newest first."""
    today = clock.today()
    rows = PricingModel.objects.filter(state="published", sector=product.sector, type=product.type)
    rows = rows.filter(valid_from__lte=today, valid_until__gte=today)
    return rows.select_related("case", "owner").order_by("-published_at", "-pk")


def model_json(model: PricingModel) -> dict[str, Any]:
    return {
        "number": model.number, "version": model.version, "state": model.state, "title": model.title,
        "owner": {"number": model.owner.number, "name": model.owner.name}, "sector": model.sector, "type": model.type,
        "scenario": model.scenario, "basis": model.basis, "factors": model.factors, "formula": model.formula,
        "spread_percent": model.spread, "examples": model.examples, "valid_from": model.valid_from, "valid_until": model.valid_until,
        "notes": model.notes, "published_at": model.published_at, "replaces": model.replaces.number if model.replaces else None,
    }  # fmt: skip


def model_facts(model: PricingModel) -> list[tuple[Text, Any]]:
    """(label, value) of what a model is for."""
    error = Text(f"±{model.spread}%", f"±{model.spread}%")
    rows: list[tuple[Text, Any]] = [
        (Text("编制单位", "Author"), Text(model.owner.name, model.owner.name_en or model.owner.name)),
        (Text("版本", "Version"), Text(f"第{model.version}版", f"Version {model.version}")),
        (Text("行业", "Sector"), SECTORS[model.sector]),
        (Text("产品类型", "Type"), TYPES[model.type]),
        (Text("应用场景", "Scenario"), model.scenario),
        (Text("估的是什么价", "What is priced"), BASES[model.basis]),
        (Text("模型误差", "Error"), error),
        (Text("适用期", "Valid"), f"{model.valid_from} ~ {model.valid_until}"),
    ]
    return rows


# --- the four prices of a product ---


def reference_units(product: DataProduct) -> int:
    """The volume at which prices of different kinds are compared: a thousand of what the ask counts."""
    return 1000 * product.plan.unit_size


def plan_fen(plan: PricePlan, units: int) -> int:
    """分 of one service period at so many units."""
    return total(plan, spread(plan, units))


def estimate_fen(row: Estimate, units: int) -> tuple[int, int]:
    """The range in 分 at so many units."""
    times = units if row.model.basis == "unit" else 1
    return row.low_e8 * times // 1_000_000, -(-row.high_e8 * times // 1_000_000)


def estimates(actor: Actor, product: DataProduct) -> list[Estimate]:
    rows = Estimate.objects.visible_to(actor) if actor.party_id else Estimate.objects.filter(public=True)
    return list(rows.filter(product=product).select_related("model__case", "model__owner").order_by("-pk"))


def asks(actor: Actor, product: DataProduct) -> list[AskPrice]:
    """What was asked for a product that the reader has opened."""
    rows = AskPrice.objects.visible_to(actor) if actor.party_id else AskPrice.objects.filter(product__state="listed")
    return list(rows.filter(product=product).order_by("pk"))


def bids(actor: Actor, product: DataProduct) -> list[Quotation]:
    """Quotations and counter-offers of negotiations that the reader takes part in."""
    rows = Quotation.objects.visible_to(actor).filter(inquiry__product=product)
    return list(rows.select_related("inquiry__case", "inquiry__buyer").order_by("-pk"))


def deals(actor: Actor, product: DataProduct) -> list[Contract]:
    """Contracts that both sides signed, as far as the reader may see them."""
    rows = Contract.objects.visible_to(actor).filter(product=product, effective_at__isnull=False)
    return list(rows.select_related("buyer").order_by("-pk"))


def history(actor: Actor, product: DataProduct) -> list[tuple[date, str, int]]:
    """(day, kind, 分 at the reference volume) of everything that the reader may see, oldest first."""
    units, zone = reference_units(product), clock.zone()
    found = [(a.at, "ask", plan_fen(a.read_plan(), units)) for a in asks(actor, product)]
    for e in estimates(actor, product):
        low, high = estimate_fen(e, units)
        found += [(e.made_at, "low", low), (e.made_at, "high", high)]
    found += [(q.made_at, q.side, plan_fen(q.read_plan(), units)) for q in bids(actor, product)]
    found += [(c.effective_at, "deal", plan_fen(c.plan, units)) for c in deals(actor, product) if c.effective_at]
    return [(at.astimezone(zone).date(), kind, fen) for at, kind, fen in sorted(found, key=lambda row: row[0])]


def prices_json(actor: Actor, product: DataProduct) -> dict[str, Any]:
    """The four prices apart; none is ever derived from another."""
    return {
        "ask": {"plan": product.price_plan, "headline": pricing.headline(product.plan).zh},
        "asks": [{"plan": a.plan, "at": a.at} for a in asks(actor, product)],
        "estimates": [estimate_json(e) for e in estimates(actor, product)],
        "bids": [
            {"inquiry": q.inquiry.case.number, "version": q.version, "side": q.side, "plan": q.plan, "at": q.made_at}
            for q in bids(actor, product)
        ],
        "deals": [{"contract": c.number, "plan": c.snapshot["plan"], "at": c.effective_at} for c in deals(actor, product)],
        "reference_units": reference_units(product),
        "history": [{"day": day, "kind": kind, "fen": fen} for day, kind, fen in history(actor, product)],
    }  # fmt: skip


def estimate_json(row: Estimate) -> dict[str, Any]:
    return {
        "model": row.model.number, "version": row.model.version, "owner": row.model.owner.name, "basis": row.model.basis,
        "low_e8": row.low_e8, "mid_e8": row.mid_e8, "high_e8": row.high_e8, "inputs": row.inputs, "grounds": row.grounds,
        "working": row.working, "public": row.public, "made_at": row.made_at,
    }  # fmt: skip


# --- tariffs and splits ---


def allowances() -> QuerySet[FeeAllowance]:
    """Every decision, the newest first; they are public."""
    return FeeAllowance.objects.select_related("holder", "authority", "previous", "report").order_by(
        "-period_from", "-pk"
    )


def get_allowance(number: str) -> FeeAllowance:
    found = allowances().filter(number=number).first()
    if found is None:
        raise not_found(ALLOWANCE)
    return found


def caps(allowance: FeeAllowance) -> list[FeeCap]:
    """The cap in force of each product: the newest."""
    newest: dict[int, FeeCap] = {}
    for cap in allowance.caps.select_related("product").order_by("pk"):
        newest[cap.product_id] = cap
    return list(newest.values())


def allowance_json(row: FeeAllowance) -> dict[str, Any]:
    report = getattr(row, "report", None)
    return {
        "number": row.number, "holder": row.holder.name, "field": row.field, "document": row.document, "trial": row.trial,
        "period_from": row.period_from, "period_to": row.period_to, "cost_fen": row.cost_fen, "profit_fen": row.profit_fen,
        "tax_fen": row.tax_fen, "gross_fen": row.terms.gross_fen, "deducted_fen": row.deducted_fen,
        "allowed_fen": row.terms.allowed_fen,
        "caps": [{"product": c.product.number, "plan": c.plan, "remark": c.remark, "set_at": c.set_at} for c in caps(row)],
        "report": report and {"revenue_fen": report.revenue_fen, "cost_fen": report.cost_fen, "billed_fen": report.billed_fen,
                              "surplus_fen": report.surplus_fen, "remark": report.remark},
    }  # fmt: skip


def splits(actor: Actor, product: DataProduct) -> list[ContributionSplit]:
    return list(ContributionSplit.objects.visible_to(actor).filter(product=product).order_by("-pk"))


def split_json(row: ContributionSplit) -> dict[str, Any]:
    named: list[Mapping[str, Any]] = [
        {"party": number, "name": name, "value": value, "share": share}
        for (number, name), value, share in zip(row.players, row.values, row.shares, strict=True)
    ]
    return {"method": row.method, "worth": row.worth, "players": named, "error": row.error, "samples": row.samples,
            "seed": row.seed, "remark": row.remark, "basis": row.basis, "made_at": row.made_at}  # fmt: skip
