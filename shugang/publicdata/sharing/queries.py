"""Reads of sharing requests and openings."""

from __future__ import annotations

from django.db.models import Count, QuerySet, Sum

from shugang.delivery.models import UsageRecord
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.text import Text

from .models import Opening, SharingRequest

REQUEST = Text("这项共享申请", "sharing request")
OPENING = Text("这项开放", "opening")


def requests(actor: Actor, state: str = "") -> QuerySet[SharingRequest]:
    rows = SharingRequest.objects.visible_to(actor).select_related("case", "resource", "applicant", "provider", "grant")
    return rows.filter(case__state=state) if state else rows


def counts(actor: Actor) -> dict[str, int]:
    rows = SharingRequest.objects.visible_to(actor).values("case__state").annotate(n=Count("pk")).order_by()
    return {row["case__state"]: row["n"] for row in rows}


def get_request(actor: Actor, number: str) -> SharingRequest:
    """Raises Refusal `not_found`."""
    found = requests(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(REQUEST)
    return found


def openings(actor: Actor) -> QuerySet[Opening]:
    rows: QuerySet[Opening] = Opening.objects.visible_to(actor)
    return rows.select_related("case", "resource", "department", "grant")


def get_opening(actor: Actor, number: str) -> Opening:
    """Raises Refusal `not_found`."""
    found = openings(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(OPENING)
    return found


def public_openings() -> QuerySet[Opening]:
    """What is open to everybody now."""
    rows = Opening.objects.filter(case__state="open", grant__state="active")
    return rows.select_related("case", "resource", "department", "grant")


def public_opening(number: str) -> Opening:
    """By number of the opening or of the resource. Raises Refusal `not_found`."""
    key = "case__number" if number.startswith("KF-") else "resource__number"
    found = public_openings().filter(**{key: number}).first()
    if found is None:
        raise not_found(Text("这项开放数据", "open data"))
    return found


def public_downloads(opening: Opening) -> dict[str, int]:
    """How often and how much: every download is metered, nobody is named."""
    rows = UsageRecord.objects.filter(grant=opening.grant, outcome="delivered")
    said = rows.aggregate(n=Count("pk"), rows=Sum("rows"), bytes=Sum("bytes"))
    return {k: int(v or 0) for k, v in said.items()}
