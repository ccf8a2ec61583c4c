"""Traces: the whole history of an asset, a product or a contract, for those who may see the object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shugang.assets.registration.models import DataAsset
from shugang.delivery.models import Dataset, Grant, UsageRecord
from shugang.kernel import queries, sequencer
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.kernel.models import Event
from shugang.market.contracts.models import Contract
from shugang.market.products.models import DataProduct
from shugang.policy.text import Text

from .. import objects
from ..reading import Reader


@dataclass(frozen=True)
class Subject:
    """What is traced: its kind, number and title, the grants whose uses belong to it, and what lies upstream.

    `own` are further numbers whose events belong to it whole (a contract's inquiry); of what lies upstream
    (`origins`) only the public steps are shown: another party's files and reviews stay with their parties.
    """

    kind: str
    number: str
    title: str
    title_en: str
    grants: tuple[str, ...]
    own: tuple[tuple[str, str], ...] = ()
    origins: tuple[tuple[str, str], ...] = ()


# Steps of data, registration and listing that are public anyway: version, certificate, listing.
PUBLIC_STEPS = frozenset({"dataset.version_added", "certificate.issued", "market.listing.list", "product.created"})


def _asset(number: str, actor: Actor) -> Subject | None:
    row = DataAsset.objects.visible_to(actor).filter(number=number).select_related("dataset_version__dataset").first()
    if row is None:
        return None
    products = DataProduct.objects.filter(asset=row).values_list("number", flat=True)
    grants = Grant.objects.visible_to(actor).filter(product__in=list(products)).values_list("number", flat=True)
    return Subject("asset", number, row.name, row.dataset_version.dataset.name_en, tuple(grants))


def _dataset(number: str, actor: Actor) -> Subject | None:
    row = Dataset.objects.visible_to(actor).filter(number=number).first()
    if row is None:
        return None
    grants = Grant.objects.visible_to(actor).filter(source__dataset=number).values_list("number", flat=True)
    return Subject("dataset", number, row.name, row.name_en, tuple(grants))


def _product(number: str, actor: Actor) -> Subject | None:
    row = DataProduct.objects.visible_to(actor).filter(number=number).first()
    if row is None:
        return None
    grants = Grant.objects.visible_to(actor).filter(product=number).values_list("number", flat=True)
    return Subject("product", number, row.name, row.name_en, tuple(grants))


def _contract(number: str, actor: Actor) -> Subject | None:
    row = Contract.objects.visible_to(actor).filter(number=number).select_related("product").first()
    if row is None:
        return None
    grants = Grant.objects.visible_to(actor).filter(contract=number).values_list("number", flat=True)
    return Subject(
        "contract", number, row.product.name, row.product.name_en, tuple(grants),
        own=(("inquiry", row.inquiry.case.number),), origins=_origins(row.product),
    )  # fmt: skip


def _origins(product: DataProduct) -> tuple[tuple[str, str], ...]:
    dataset = product.dataset_version.dataset.number
    return (("dataset", dataset), ("asset", product.asset.number), ("product", product.number))


def _grant(number: str, actor: Actor) -> Subject | None:
    row = Grant.objects.visible_to(actor).filter(number=number).first()
    return Subject("grant", number, row.number, row.number, (row.number,)) if row else None


_FINDERS: dict[str, Callable[[str, Actor], Subject | None]] = {
    "asset": _asset, "dataset": _dataset, "product": _product, "contract": _contract, "grant": _grant,
}  # fmt: skip


def subject(kind: str, number: str, actor: Actor) -> Subject:
    """Raises Refusal `not_found` for what does not exist or is not the actor's to see."""
    finder = _FINDERS.get(kind)
    found = finder(number, actor) if finder else None
    if found is None:
        raise not_found(objects.label(kind) if kind in _FINDERS else Text("这条记录", "trace"))
    return found


def history(found: Subject, actor: Actor) -> list[Event]:
    """Steps that this person may read, and the public ones; a registrar of an asset reads no deal about it."""
    events = list(queries.events_about([(found.kind, found.number), *found.own]))
    reader = Reader(actor, events)
    events = [e for e in events if e.kind in PUBLIC_STEPS or reader.may_read(e)]
    if found.origins:
        seen = {e.pk for e in events}
        upstream = queries.events_about(found.origins).filter(kind__in=PUBLIC_STEPS)
        events += [e for e in upstream if e.pk not in seen]
    return sorted(events, key=lambda e: (e.at, e.pk))


def uses(found: Subject, actor: Actor) -> list[dict[str, Any]]:
    """Uses folded per day, grant and outcome, with how many are in the log and how many still wait."""
    from django.db.models import Count, Max, Min, Sum
    from django.db.models.functions import TruncDate

    if not found.grants:
        return []
    rows = UsageRecord.objects.visible_to(actor).filter(grant__number__in=found.grants)
    grouped = (
        rows.annotate(day=TruncDate("at")).values("day", "grant__number", "outcome", "charged")
        .annotate(n=Count("pk"), total_rows=Sum("rows"), first=Min("log_index"), last=Max("log_index"), at=Max("at"))
        .order_by("day", "grant__number", "outcome")
    )  # fmt: skip
    return [{**row, "state": sequencer.state_at(row["last"])} for row in grouped]


def summary(events: list[Event], used: list[dict[str, Any]]) -> dict[str, Any]:
    """The verdict sentence's facts: how many records, how many anchored, whether any does not verify."""
    last = sequencer.current_checkpoint()
    size = last.size if last else 0
    anchored = sum(1 for e in events if e.log_index is not None and e.log_index < size)
    wrong = [e for e in events if not sequencer.content_matches(e)]
    return {"events": len(events), "anchored": anchored, "wrong": wrong, "uses": sum(u["n"] for u in used)}
