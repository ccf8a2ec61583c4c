"""Reads of the catalogue. `published` and `public_…`: what anybody sees; the rest is scoped."""

from __future__ import annotations

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.text import Text

from .models import CatalogueChange, PublicResource, ResourceVersion

RESOURCE = Text("这条公共数据目录", "catalogue entry")


def published() -> QuerySet[PublicResource]:
    """What the public catalogue shows: published entries alone. Their items are `resource.items`."""
    return PublicResource.objects.filter(state="published").select_related("department", "dataset")


def public_resource(number: str) -> PublicResource:
    """By number or standard code. Raises Refusal `not_found`."""
    key = "code" if "/" in number else "number"
    found = published().filter(**{key: number}).first()
    if found is None:
        raise not_found(RESOURCE)
    return found


def public_versions(resource: PublicResource) -> QuerySet[ResourceVersion]:
    return resource.versions.order_by("-version")


def public_changes(after: int = 0) -> QuerySet[CatalogueChange]:
    """The change feed behind a sequence number, oldest first."""
    return CatalogueChange.objects.filter(sequence__gt=after).select_related("resource").order_by("sequence")


def resources(actor: Actor, state: str = "") -> QuerySet[PublicResource]:
    """Entries in every state: a department's own; of the data office those handed in or published."""
    rows = PublicResource.objects.visible_to(actor).select_related("department", "dataset", "case")
    return rows.filter(state=state) if state else rows


def get_resource(actor: Actor, number: str) -> PublicResource:
    """Raises Refusal `not_found`."""
    found = resources(actor).filter(number=number).first()
    if found is None:
        raise not_found(RESOURCE)
    return found
