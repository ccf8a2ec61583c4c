"""Concluded deals as `comparing` wants them, and the guidance for one product."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.models import RuleProfile
from shugang.kernel.profiles import current_profile
from shugang.kernel.textwords import normalise, tokens
from shugang.policy.priceplan import UNIT_WORDS, PricePlan
from shugang.policy.text import Text
from shugang.ui.formats import e8

from ..contracts.models import Contract
from ..products.kinds import SECTORS, TYPES
from ..products.models import DataProduct
from .comparing import Asked, Deal, Guidance, Rules, guide

PROFILE = "disclosure"
FEN = 10**6  # 1e-8 元 in a 分
NEWEST = 5000
REFUSED: dict[str, Text] = {
    "no_measure": Text("这种计价方式（免费、阶梯、分成等）的成交价不能直接比较，不给参考。",
                       "Deals priced this way (free, stepped, by share) do not compare; there is no guidance."),
    "few_contracts": Text("可比成交不足，不给参考，以免推出单笔价格。", "Too few comparable deals: a range would give single prices away."),
    "few_suppliers": Text("可比成交的供方太少，不给参考。", "Too few suppliers among the comparable deals."),
    "few_buyers": Text("可比成交的需方太少，不给参考。", "Too few buyers among the comparable deals."),
    "one_party": Text("可比成交过于集中在一家，不给参考。", "One party has too large a part of the comparable deals."),
}  # fmt: skip


def rules() -> RuleProfile:
    return current_profile(PROFILE, clock.today())


def measured(plan: PricePlan) -> tuple[str, int] | None:
    """(what the price is per, 1e-8 元); None for plans whose price is not one number."""
    if plan.kind == "per_unit":
        return f"per_unit:{plan.unit}", plan.unit_price_e8 // max(1, plan.unit_size)
    if plan.kind == "one_off":
        return "one_off", plan.price_fen * FEN
    if plan.kind == "period":
        return f"period:{plan.every or 'month'}", plan.price_fen * FEN
    if plan.kind == "package" and plan.package_size:
        return f"package:{plan.unit}", plan.price_fen * FEN // plan.package_size
    return None


def words(measure: str) -> Text:
    """What a price of this measure is per."""
    kind, _, of = measure.partition(":")
    if kind == "one_off":
        return Text("一次性", "one-off")
    if kind == "period":
        return {"month": Text("每月", "a month"), "quarter": Text("每季", "a quarter"), "year": Text("每年", "a year")}[
            of
        ]
    unit = UNIT_WORDS[of][1] if of in UNIT_WORDS else Text(of, of)
    return Text(f"每{unit.zh}", f"per {unit.en}")


def _tokens(product: DataProduct) -> frozenset[str]:
    return frozenset(tokens(normalise(f"{product.name} {product.summary}")))


def deal_of(contract: Contract) -> Deal | None:
    found = measured(contract.plan)
    if found is None or contract.effective_at is None:
        return None
    product = contract.product
    day = contract.effective_at.astimezone(clock.zone()).date()
    return Deal(found[0], found[1], product.sector, product.type, product.mode, product.dataset_version.rows or 0,
                _tokens(product), contract.supplier_id, contract.buyer_id, day)  # fmt: skip


def guidance(actor: Actor, product: DataProduct) -> tuple[Guidance, str]:
    """(range or refusal, measure) for a product that the actor may see. His own deals are left out: who knows four of
    five prices would read the fifth."""
    data = rules().data["guidance"]
    found = measured(product.plan)
    if found is None:
        return Guidance("no_measure", 0), ""
    since = clock.now() - timedelta(days=int(data["days"]))
    party = actor.party_id or 0
    rows = Contract.objects.filter(effective_at__gte=since).exclude(Q(buyer_id=party) | Q(supplier_id=party))
    rows = rows.filter(snapshot__plan__kind=product.plan.kind)
    rows = rows.select_related("product__dataset_version").defer("source").order_by("-effective_at")[:NEWEST]
    deals = [deal for row in rows if (deal := deal_of(row)) is not None]
    asked = Asked(
        found[0], product.sector, product.type, product.mode, product.dataset_version.rows or 0, _tokens(product)
    )
    return guide(asked, deals, Rules.read(data)), found[0]


def panel(actor: Actor, product: DataProduct) -> dict[str, object]:
    """What the pages show."""
    found, measure = guidance(actor, product)
    if found.refused:
        return {"refused": REFUSED[found.refused], "minimum": int(rules().data["guidance"]["contracts"])}
    return {
        "low": e8(found.low_e8), "middle": e8(found.middle_e8), "high": e8(found.high_e8), "per": words(measure), "n": found.n,
        "suppliers": found.suppliers, "buyers": found.buyers, "since": found.since, "until": found.until,
        "basis": [(SECTORS.get(s, Text(s, s)), TYPES.get(t, Text(t, t)), m, count) for (s, t, m), count in found.basis],
    }  # fmt: skip
