"""What of a product can be found: written when it is listed, removed when it is not, in the transaction of either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shugang.kernel import textindex
from shugang.kernel.models import Event
from shugang.kernel.reactions import on
from shugang.policy.terms import MODES

from ..products.kinds import FIELDS, SECTORS, TYPES, spec_words
from ..products.models import DataProduct
from . import facets, shelf
from .models import CatalogueEntry
from .regions import REGIONS

KIND = "product"
_RELATED = ("supplier", "dataset_version__dataset", "asset__registration", "certificate")


def document(product: DataProduct, names: Sequence[str], card: dict[str, Any]) -> textindex.Document:
    """The product in the four fields of the text index: names, keywords and labels, summary, columns and sheet."""
    columns = product.dataset_version.columns.filter(name__in=product.terms.fields)
    labels = [TYPES[product.type], SECTORS[product.sector], FIELDS[product.plan_field], MODES[product.mode]]
    places = " ".join(REGIONS[code].zh for code in card["regions"])
    return textindex.Document(
        key=product.number,
        title=f"{product.name} {product.name_en}",
        keywords=" ".join([product.keywords, product.supplier.name, product.supplier.name_en, product.number,
                           *(f"{t.zh} {t.en}" for t in labels), places]),
        summary=f"{product.summary} {product.summary_en}",
        body=" ".join([*(f"{c.name} {c.comment}" for c in columns), spec_words(product.spec),
                       product.dataset_version.dataset.origin, card["certificate"] or ""]),
        filters=tuple(names),
    )  # fmt: skip


def put(product: DataProduct) -> None:
    """Put a listed product on the shelf, or again with what has changed of it."""
    names, card = facets.of(product)
    said = textindex.put_many(KIND, [document(product, names, card)])[0]
    listed, version = product.listed_at, product.dataset_version
    row = {
        "document": said, "on_shelf": True, "revision": None, "facets": " ".join(names), "card": card,
        "listed": int(listed.timestamp()) if listed else 0, "fresh": int(version.created_at.timestamp()),
        "rows": version.rows or 0, "score": -1 if card["score"] is None else int(card["score"] * 10),
    }  # fmt: skip
    CatalogueEntry.objects.update_or_create(product=product, defaults=row)
    shelf.number_soon()


def remove(product: DataProduct) -> None:
    """Take it off: it is found no more, its page stays."""
    textindex.remove(KIND, product.number)
    CatalogueEntry.objects.filter(product=product).update(on_shelf=False, revision=None)
    shelf.number_soon()


def index_missing() -> int:
    """Listed products that the index does not hold: after an upgrade of its tables. Returns how many were put."""
    listed = DataProduct.objects.filter(state=DataProduct.State.LISTED)
    missing = listed.exclude(entry__on_shelf=True).select_related(*_RELATED).order_by("pk")[:200]
    for product in missing:
        put(product)
    return len(missing)


def changed(event: Event) -> None:
    """The level of the data, or a quality report on it, is another now: lists show it and narrow by it."""
    datasets = [r.key for r in event.refs.all() if r.kind == "dataset"]
    listed = DataProduct.objects.filter(state=DataProduct.State.LISTED, dataset_version__dataset__number__in=datasets)
    for product in listed.select_related(*_RELATED).order_by("pk"):
        put(product)


for _kind in ("grading.in_force", "grading.inherited", "report.standing", "report.published", "report.withheld",
              "report.withdrawn", "report.superseded"):  # fmt: skip
    on(_kind)(changed)
