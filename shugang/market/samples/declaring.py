"""How much of a product a listing may declare as its sample, and in what it is counted."""

from __future__ import annotations

from typing import Any

from shugang.kernel import clock
from shugang.kernel.profiles import current_profile
from shugang.policy.text import Text

from ..products.models import DataProduct

# A hosted product gives a file that holds the first rows and nothing else; where each answer is made, calls are counted.
FILES = frozenset({"table", "file", "push", "sql"})
CALLS = frozenset({"api", "query", "proxy"})
UNITS: dict[str, Text] = {"rows": Text("行", "rows"), "calls": Text("次调用", "calls")}


def rules() -> dict[str, Any]:
    """{days, again_after_days, downloads, most} in force today."""
    return dict(current_profile("samples", clock.today()).data)


def unit_of(product: DataProduct) -> str | None:
    """What a sample of it is counted in; None where none can be given: a stream has no part that ends, and where only
    aggregates leave, single rows would say what the offer keeps back."""
    if product.mode in CALLS:
        return "calls"
    hosted = product.mode in FILES and bool(product.dataset_version.path)
    return "rows" if hosted and product.terms.output is None else None


def wrong_size(product: DataProduct, size: int) -> dict[str, Text]:
    """What an application says wrongly of its sample, by field."""
    if not size:
        return {}
    unit = unit_of(product)
    if unit is None:
        return {"trial_size": Text(
            "这种交付方式（数据流、只出汇总结果或数据不在平台）不能给样本，请填0。",
            "No sample can be given of a stream, of aggregates only, or of files that are not kept here. Please enter 0.",
        )}  # fmt: skip
    most = int(rules()["most"][unit])
    if size > most:
        return {"trial_size": Text(
            f"样本最多{most}{UNITS[unit].zh}，请减少。", f"A sample is at most {most} {UNITS[unit].en}. Please enter fewer."
        )}  # fmt: skip
    return {}


def size_text(unit: str, size: int) -> Text:
    return Text(f"{size:,}{UNITS[unit].zh}", f"{size:,} {UNITS[unit].en}")
