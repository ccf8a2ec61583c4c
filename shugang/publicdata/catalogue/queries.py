"""Reads of the catalogue. `published` and `public_…`: what anybody sees; the rest is scoped."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.text import Text

from .models import CatalogueChange, Filing, FilingEntry, PublicResource, ResourceVersion

RESOURCE = Text("这条公共数据目录", "catalogue entry")
FILING = Text("这份编目申报", "catalogue filing")


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
    if "data_office" in actor.roles:
        rows = rows.exclude(state="draft", case__state__in=("draft", "signing"))
    return rows.filter(state=state) if state else rows


def get_resource(actor: Actor, number: str) -> PublicResource:
    """Raises Refusal `not_found`."""
    found = resources(actor).filter(number=number).first()
    if found is None:
        raise not_found(RESOURCE)
    return found


def resource_counts(actor: Actor) -> dict[str, int]:
    rows = resources(actor).order_by().values("state").annotate(n=Count("pk"))
    return {row["state"]: row["n"] for row in rows}


def open_filing(resource: PublicResource) -> Filing | None:
    """The filing in which the entry stands now; its caller reads the entry through the gate."""
    entry = resource.filed.filter(living=True).select_related("filing__case").first()
    return entry.filing if entry else None


def filings(actor: Actor, state: str = "") -> QuerySet[Filing]:
    """Filings of the department; of the data office those that were handed in to it; for the supervisor all."""
    rows = Filing.objects.visible_to(actor).select_related("case", "department")
    if "data_office" in actor.roles:
        rows = rows.exclude(case__state__in=("draft", "signing"))
    return rows.filter(case__state=state) if state else rows


def filing_counts(actor: Actor) -> dict[str, int]:
    rows = filings(actor).order_by().values("case__state").annotate(n=Count("pk"))
    return {row["case__state"]: row["n"] for row in rows}


def get_filing(actor: Actor, number: str) -> Filing:
    """Raises Refusal `not_found`."""
    found = filings(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(FILING)
    return found


def entries(filing: Filing) -> QuerySet[FilingEntry]:
    """The entries of a filing that its reader may see."""
    return filing.entries.select_related("resource__department", "resource__dataset").order_by("pk")


def get_entry(filing: Filing, resource: str) -> FilingEntry:
    found = entries(filing).filter(resource__number=resource).first()
    if found is None:
        raise not_found(RESOURCE)
    return found


def codes_of(numbers: Iterable[str]) -> dict[str, str]:
    """Names of published entries by code, for links to related ones."""
    return dict(published().filter(code__in=list(numbers)[:100]).values_list("code", "name"))


def waiting(actor: Actor) -> int:
    """Filings that wait for this person: to be signed by the chief data officer, examined by the office's reviewer."""
    duty, state = ("chief_data_officer", "signing") if "department" in actor.roles else ("reviewer", "examining")
    return filings(actor).filter(case__state=state).count() if duty in actor.duties else 0
