"""Reads of data sets, for the supplier they belong to and for the wings above."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Max, QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found

from ..gates import DATASET
from .models import Dataset, DatasetVersion


def datasets(actor: Actor, text: str = "", hosting: str = "") -> QuerySet[Dataset]:
    """The actor's data sets, with `last_version` and `versions_count`."""
    rows: QuerySet[Dataset] = Dataset.objects.visible_to(actor).select_related("party")
    if text:
        rows = rows.filter(name__icontains=text) | rows.filter(number__icontains=text)
    if hosting:
        rows = rows.filter(hosting=hosting)
    return rows.annotate(last_version=Max("versions__version"), versions_count=Count("versions"))


def get_dataset(actor: Actor, number: str) -> Dataset:
    """Raises Refusal `not_found`."""
    row = Dataset.objects.visible_to(actor).select_related("party").filter(number=number).first()
    if row is None:
        raise not_found(DATASET)
    return row


def get_version(actor: Actor, number: str, version: int | None = None) -> DatasetVersion:
    """A version of a data set that the actor may see, the newest by default. Raises Refusal `not_found`."""
    rows = DatasetVersion.objects.visible_to(actor).filter(dataset__number=number).select_related("dataset__party")
    found = (rows.filter(version=version) if version is not None else rows).order_by("-version").first()
    if found is None:
        raise not_found(DATASET)
    return found


def dictionary(version: DatasetVersion) -> list[dict[str, Any]]:
    """The data dictionary: name, type, comment, personal; public knowledge about a listed product."""
    return [
        {"name": c.name, "type": c.type, "comment": c.comment, "personal": c.personal}
        for c in version.columns.order_by("position")
    ]
