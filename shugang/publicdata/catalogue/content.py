"""What an entry says, as one JSON: filings propose it, versions freeze it, rows hold it. The order of items is theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from shugang.delivery.models import Dataset
from shugang.policy.codec import canonical

from .models import InformationItem, PublicResource

FIELDS = (
    "code", "name", "name_en", "summary", "kind", "base_library", "theme", "format", "sharing", "sharing_condition",
    "sharing_method", "opening", "opening_condition", "update_cycle", "related",
)  # fmt: skip
ITEM_FIELDS = (
    "name", "name_en", "element", "data_type", "length", "column", "sharing", "opening", "required", "description",
)  # fmt: skip


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical JSON."""
    return hashlib.sha256(canonical(dict(content))).hexdigest()


def of_resource(resource: PublicResource, items: Sequence[InformationItem] | None = None) -> dict[str, Any]:
    """The content as the rows hold it; `items` where the caller has read them."""
    rows = list(resource.items.order_by("position")) if items is None else items
    return {
        **{name: getattr(resource, name) for name in FIELDS},
        "dataset": resource.dataset.number if resource.dataset else "",
        "items": [{name: getattr(row, name) for name in ITEM_FIELDS} for row in rows],
    }


def apply(resource: PublicResource, content: Mapping[str, Any], datasets: Mapping[str, int] | None = None) -> None:
    """Set the columns by the content; the caller saves. `datasets`: ids by number, where the caller has read them."""
    for name in FIELDS:
        setattr(resource, name, content[name])
    number = content.get("dataset", "")
    if not number:
        resource.dataset_id = None
    elif datasets is not None:
        resource.dataset_id = datasets[number]
    else:
        resource.dataset_id = Dataset.objects.only("pk").get(number=number).pk


def items_of(resource: PublicResource, content: Mapping[str, Any]) -> list[InformationItem]:
    """The item rows that the content asks for, not yet saved."""
    return [
        InformationItem(resource=resource, position=i, **{name: item[name] for name in ITEM_FIELDS})
        for i, item in enumerate(content["items"], 1)
    ]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """(path, before, after) of what differs; an item by its name, so that a moved item is no change."""
    found: list[tuple[str, Any, Any]] = [
        (name, before.get(name), after.get(name))
        for name in (*FIELDS, "dataset")
        if before.get(name) != after.get(name)
    ]
    old = {item["name"]: item for item in before["items"]}
    new = {item["name"]: item for item in after["items"]}
    for name in [*old, *(n for n in new if n not in old)]:
        if name not in new:
            found.append((f"items/{name}", old[name], None))
        elif name not in old:
            found.append((f"items/{name}", None, new[name]))
        else:
            found += [
                (f"items/{name}/{key}", old[name].get(key), new[name].get(key))
                for key in ITEM_FIELDS
                if old[name].get(key) != new[name].get(key)
            ]
    return found
