"""What of a product can be found: written when it is listed, removed when it is not."""

from __future__ import annotations

from shugang.kernel import textindex
from shugang.policy.terms import MODES

from ..products.kinds import SECTORS, TYPES
from ..products.models import DataProduct

KIND = "product"


def put(product: DataProduct) -> None:
    columns = product.dataset_version.columns.filter(name__in=product.terms.fields)
    words = [f"{c.name} {c.comment}" for c in columns]
    sector, type_, mode = SECTORS[product.sector], TYPES[product.type], MODES[product.mode]
    body = [
        product.summary, product.summary_en, *words, product.supplier.name, product.supplier.name_en,
        sector.zh, sector.en, type_.zh, type_.en, mode.zh, product.spec.get("content", ""), product.spec.get("coverage", ""),
        product.dataset_version.dataset.origin,
    ]  # fmt: skip
    textindex.put(KIND, product.number, f"{product.name} {product.name_en} {product.keywords}", " ".join(body))


def remove(product: DataProduct) -> None:
    textindex.remove(KIND, product.number)
