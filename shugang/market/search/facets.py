"""What a catalogue can be narrowed by: for each facet its label, its values in order, and what a product has of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shugang.assets.grading import matrix
from shugang.assets.grading.queries import public_level
from shugang.assets.registration.form import FREQUENCIES
from shugang.assets.thirdparty.queries import standing_reports
from shugang.policy.terms import MODES
from shugang.policy.text import Text

from ..products import pricing
from ..products.kinds import FIELDS, SECTORS, TYPES
from ..products.models import DataProduct
from .regions import REGIONS, regions_of

PRICES: dict[str, tuple[Text, tuple[str, ...]]] = {
    "free": (Text("免费", "Free"), ("free",)),
    "metered": (Text("按量", "By use"), ("per_unit", "by_outcome", "tiered", "volume")),
    "package": (Text("套餐", "Package"), ("package",)),
    "period": (Text("订阅", "Subscription"), ("period",)),
    "revenue": (Text("分成", "Revenue share"), ("revenue",)),
    "one_off": (Text("一次性", "One-off"), ("one_off",)),
}
NONE = "none"
_GRADES = {str(n): label for n, label in matrix.LEVELS.items()} | {NONE: Text("未分级", "Not graded")}
_QUALITY = {
    "excellent": Text("90分以上", "90 and more"),
    "good": Text("75至90分", "75 to 90"),
    "fair": Text("60至75分", "60 to 75"),
    "poor": Text("60分以下", "Below 60"),
    "stated": Text("有结论，无得分", "Concluded without a score"),
    NONE: Text("未经第三方评价", "Not evaluated"),
}
SUPPLIER = "supplier"
# The supplier facet's values are numbers of parties; their names are on the cards.
FACETS: dict[str, tuple[Text, dict[str, Text]]] = {
    "type": (Text("类型", "Type"), TYPES),
    "field": (Text("领域", "Field"), FIELDS),
    "sector": (Text("行业", "Industry"), SECTORS),
    "mode": (Text("交付", "Delivery"), MODES),
    "price": (Text("价格", "Price"), {k: label for k, (label, _) in PRICES.items()}),
    "grade": (Text("级别", "Level"), _GRADES),
    "quality": (Text("质量", "Quality"), _QUALITY),
    "region": (Text("地域", "Place"), REGIONS),
    "frequency": (Text("更新", "Updates"), dict(FREQUENCIES)),
    SUPPLIER: (Text("供方", "Supplier"), {}),
}


def chosen(asked: Mapping[str, Any]) -> dict[str, str]:
    """The known facets of a query string; what no list holds is left out."""
    found = {name: str(asked.get(name, "")) for name in FACETS}
    return {
        n: v for n, v in found.items() if v in FACETS[n][1] or (n == SUPPLIER and v and v.isascii() and len(v) <= 20)
    }


def band(score: float | None) -> str:
    if score is None:
        return "stated"
    return "excellent" if score >= 90 else "good" if score >= 75 else "fair" if score >= 60 else "poor"


def _quality(product: DataProduct) -> tuple[str, float]:
    """Band, and the score by which products are ordered (-1 where nobody evaluated)."""
    version = product.dataset_version
    report = standing_reports(version.dataset_id, "quality", version_id=version.pk).filter(public=True).first()
    if report is None:
        return NONE, -1
    try:
        score = float(report.content["score"])
    except (KeyError, TypeError, ValueError):
        return band(None), 0
    return band(score), score


def price_group(kind: str) -> str:
    return next((group for group, (_, kinds) in PRICES.items() if kind in kinds), "one_off")


def of(product: DataProduct) -> tuple[list[str], dict[str, Any]]:
    """(`facet:value` names, card): what a product is narrowed by, and what the list shows of it without opening it."""
    version, plan = product.dataset_version, product.plan
    frequency = product.asset.registration.form.get("frequency", "")
    level = public_level(version)
    quality, score = _quality(product)
    places = regions_of(f"{product.spec.get('coverage', '')} {product.name}")
    headline = pricing.headline(plan)
    names = [
        f"type:{product.type}", f"field:{product.plan_field}", f"sector:{product.sector}", f"mode:{product.mode}",
        f"price:{price_group(product.price_kind)}", f"grade:{level[0] if level else NONE}", f"quality:{quality}",
        f"{SUPPLIER}:{product.supplier.number}", *(f"region:{code}" for code in places),
        *([f"frequency:{frequency}"] if frequency in FACETS["frequency"][1] else []),
    ]  # fmt: skip
    card = {
        "number": product.number, "name": product.name, "name_en": product.name_en, "summary": product.summary,
        "summary_en": product.summary_en, "supplier": {
            "number": product.supplier.number, "name": product.supplier.name, "name_en": product.supplier.name_en},
        "type": product.type, "field": product.plan_field, "sector": product.sector, "mode": product.mode, "regions": places,
        "frequency": frequency, "frequency_said": str(product.spec.get("frequency", ""))[:80], "grade": level[0] if level else None,
        "quality": quality, "score": score if score >= 0 else None, "rows": version.rows,
        "published_at": version.created_at.astimezone(UTC).isoformat(), "listed_at": _iso(product.listed_at),
        "certificate": product.certificate.number if product.certificate else None,
        "price": {"kind": product.price_kind, "zh": headline.zh, "en": headline.en},
    }  # fmt: skip
    return names, card


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
