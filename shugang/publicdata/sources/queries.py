"""Reads of the register of sources. The register is public; claims and requests are their parties'."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found

from ..catalogue.models import InformationItem
from .models import CollectionRequest, SourceClaim, SourceOfTruth
from .services import SOURCE


def public_sources(text: str = "") -> QuerySet[SourceOfTruth]:
    """Who leads now, with how many refer to it."""
    rows = SourceOfTruth.objects.filter(valid_until__isnull=True).select_related("department")
    if text := text.strip()[:60]:
        rows = rows.filter(Q(element__icontains=text) | Q(name__icontains=text) | Q(department__name__icontains=text))
    return rows.annotate(referring=Count("references"))


def public_element(element: str, region: str) -> dict[str, Any]:
    """The source, references, holders in the catalogue, history. Raises Refusal `not_found`."""
    rows = list(
        SourceOfTruth.objects.filter(element=element, region=region)
        .select_related("department", "case")
        .order_by("-valid_from")
    )
    if not rows:
        raise not_found(SOURCE)
    source = next((r for r in rows if r.valid_until is None), None)
    items = InformationItem.objects.filter(element=element, resource__state="published").select_related(
        "resource__department"
    )
    return {
        "element": element, "region": region, "name": rows[0].name, "source": source, "history": rows,
        "references": list(source.references.select_related("department").order_by("id")) if source else [],
        "items": list(items.order_by("resource__code")[:200]),
    }  # fmt: skip


def claims(actor: Actor) -> QuerySet[SourceClaim]:
    return SourceClaim.objects.visible_to(actor).select_related("case", "department", "office")


def collections(actor: Actor) -> QuerySet[CollectionRequest]:
    return CollectionRequest.objects.visible_to(actor).select_related("department")


def source_json(row: SourceOfTruth) -> dict[str, Any]:
    return {
        "element": row.element, "name": row.name, "region": row.region, "department": row.department.number,
        "department_name": row.department.name, "basis": row.basis, "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
    }  # fmt: skip


def element_json(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "element": found["element"], "region": found["region"], "name": found["name"],
        "source": source_json(found["source"]) if found["source"] else None,
        "references": [{"department": r.department.number, "department_name": r.department.name, "purpose": r.purpose} for r in found["references"]],
        "items": [{"resource": i.resource.number, "name": i.name, "department": i.resource.department.name} for i in found["items"]],
        "history": [source_json(r) for r in found["history"]],
    }  # fmt: skip
