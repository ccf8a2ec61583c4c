"""Making entries public: rows by their content, a frozen version, a line of the change feed. Part of the verbs' transactions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from shugang.delivery.models import Dataset
from shugang.kernel.models import Case
from shugang.kernel.numbering import next_numbers

from . import content as contents
from . import index, kinds
from .freshness import Terms, set_due
from .models import CatalogueChange, InformationItem, PublicResource, ResourceVersion

FEED = "catalogue.change"
BATCH = 2000
_SAVED = [
    *contents.FIELDS, "dataset", "state", "version", "published_at", "data_at", "data_due_at", "overdue_told", "case",
]  # fmt: skip


def publish(rows: Sequence[tuple[PublicResource, dict[str, Any]]], case: Case | None, now: datetime) -> None:
    """The next version of each resource, as its content says."""
    numbers = {content["dataset"] for _, content in rows if content.get("dataset")}
    datasets = dict(Dataset.objects.filter(number__in=numbers).values_list("number", "pk")) if numbers else {}
    kinds: list[tuple[str, PublicResource]] = []
    terms = Terms()
    for resource, content in rows:
        contents.apply(resource, content, datasets)
        kinds.append(("changed" if resource.version else "published", resource))
        resource.version += 1
        resource.state, resource.published_at, resource.case = PublicResource.State.PUBLISHED, now, case
        resource.data_at = resource.data_at or now
        set_due(resource, terms)
    PublicResource.objects.bulk_update([r for r, _ in rows], _SAVED, batch_size=200)
    replace_items(rows)
    ResourceVersion.objects.bulk_create(
        (
            ResourceVersion(
                resource=resource, version=resource.version, content=content, digest=contents.digest(content),
                published_at=now, case=case,
            )
            for resource, content in rows
        ),
        batch_size=BATCH,
    )  # fmt: skip
    record(kinds, now)


def next_codes(classification: str, count: int) -> list[str]:
    """The next standard codes of a class: 类项目细目/顺序码."""
    return [f"{classification}/{n:06d}" for n in next_numbers(f"catalogue.code.{classification}", count)]


def coded(said: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The contents with whole codes: a class alone gets the next serial there that is free."""
    missing: dict[str, list[int]] = defaultdict(list)
    found = [dict(content) for content in said]
    for at, content in enumerate(found):
        if not kinds.CODE.fullmatch(content["code"]):
            missing[content["code"]].append(at)
    own = {content["code"] for content in found}
    for classification in sorted(missing):
        places = missing[classification]
        free: list[str] = []
        while len(free) < len(places):
            codes = next_codes(classification, len(places) - len(free))
            # A whole code that came by import may stand ahead of the serial.
            rows = PublicResource.objects.filter(code__gte=codes[0], code__lte=codes[-1])
            taken = own | set(rows.values_list("code", flat=True))
            free += [code for code in codes if code not in taken]
        for at, code in zip(places, free, strict=True):
            found[at]["code"] = code
    return found


def replace_items(rows: Iterable[tuple[PublicResource, dict[str, Any]]], fresh: bool = False) -> None:
    """Each resource's items anew; of `fresh` resources none are there yet."""
    held = list(rows)
    ids = [] if fresh else [resource.pk for resource, _ in held]
    for start in range(0, len(ids), BATCH):
        InformationItem.objects.filter(resource_id__in=ids[start : start + BATCH]).delete()
    items = (item for resource, content in held for item in contents.items_of(resource, content))
    InformationItem.objects.bulk_create(items, batch_size=BATCH)


def stand(rows: Sequence[PublicResource], state: str, kind: str, case: Case | None, now: datetime) -> None:
    """Suspend, resume or withdraw published resources; no version is made."""
    for resource in rows:
        resource.state, resource.case = state, case
    PublicResource.objects.bulk_update(rows, ["state", "case"], batch_size=200)
    record([(kind, r) for r in rows], now)


def record(changes: Sequence[tuple[str, PublicResource]], now: datetime) -> None:
    """Lines of the change feed, in order. Gap-free: the numbers are taken under a lock in the transaction that shows them."""
    if not changes:
        return
    numbers = next_numbers(FEED, len(changes))
    CatalogueChange.objects.bulk_create(
        (
            CatalogueChange(sequence=n, kind=kind, resource=resource, version=resource.version, at=now)
            for n, (kind, resource) in zip(numbers, changes, strict=True)
        ),
        batch_size=BATCH,
    )
    if len(changes) <= index.AT_ONCE:
        index.catch_up()
