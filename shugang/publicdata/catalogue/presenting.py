"""Entries in words: core metadata, items, what a version changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.parties.models import Party
from shugang.policy.text import Text

from . import content as contents
from . import forms, kinds
from .models import PublicResource

LABELS: dict[str, Text] = {f.name: f.label for f in forms.FORM.fields} | {
    "code": Text("资源代码", "Code"), "items": Text("信息项", "Items"),
}  # fmt: skip
WORDS: dict[str, Mapping[str, Text]] = {
    "kind": kinds.KINDS, "base_library": kinds.BASE_LIBRARIES, "theme": kinds.THEMES, "format": kinds.FORMATS,
    "update_cycle": kinds.CYCLES, "sharing": kinds.CONDITIONS, "opening": kinds.CONDITIONS, "sharing_method": kinds.METHODS,
    "data_type": kinds.TYPES,
}  # fmt: skip
ITEM_LABELS = {f.name: f.label for f in forms.ITEM.fields}
YES, NO = Text("是", "Yes"), Text("否", "No")


def name_of(party: Party) -> Text:
    return Text(party.name, party.name_en or party.name)


def title_of(resource: PublicResource) -> Text:
    return Text(resource.name, resource.name_en or resource.name)


def said(field: str, value: Any) -> Any:
    """One value in words; "" and None are missing."""
    if value in ("", None, []):
        return None
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, list):
        return "、".join(map(str, value))
    return WORDS[field].get(value, value) if field in WORDS else value


def metadata(content: Mapping[str, Any], department: Party) -> list[tuple[Text, Any]]:
    """The core metadata of the catalogue guide, in its order; what is empty shows as a dash."""
    rows: list[tuple[Text, Any]] = [
        (LABELS["code"], content["code"]),
        (Text("资源提供方", "Provider"), name_of(department)),
        (Text("提供方代码", "Provider code"), department.uscc),
    ]
    rows += [(LABELS[n], said(n, content[n])) for n in ("kind", "theme", "format", "update_cycle")]
    if content["base_library"]:
        rows.append((LABELS["base_library"], said("base_library", content["base_library"])))
    rows += [(LABELS[n], said(n, content[n])) for n in ("sharing", "sharing_condition", "sharing_method")]
    rows += [(LABELS[n], said(n, content[n])) for n in ("opening", "opening_condition")]
    return [row for row in rows if row[1] is not None or row[0] is LABELS["sharing_method"]]


def items(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Items with their types in words; sharing and opening as they hold, the resource's where an item has none of its own."""
    return [
        {
            **item,
            "type": said("data_type", item["data_type"]),
            "shared": kinds.CONDITIONS[item["sharing"] or content["sharing"]],
            "opened": kinds.CONDITIONS[item["opening"] or content["opening"]],
        }
        for item in content["items"]
    ]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[Text, Any, Any]]:
    """(what, before, after) in words; None on the side that has none."""
    return [(_path(path), _side(path, old), _side(path, new)) for path, old, new in contents.differences(before, after)]


def _path(path: str) -> Text:
    parts = path.split("/")
    if parts[0] != "items":
        return LABELS.get(path, Text(path, path))
    if len(parts) == 2:
        return Text(f"信息项“{parts[1]}”", f"Item “{parts[1]}”")
    label = ITEM_LABELS[parts[-1]]
    name = "/".join(parts[1:-1])
    return Text(f"信息项“{name}”：{label.zh}", f"Item “{name}”: {label.en}")


def _side(path: str, value: Any) -> Any:
    if isinstance(value, dict):
        kind, length = kinds.TYPES[value["data_type"]], value["length"]
        return Text(f"{kind.zh}{f'（{length}）' if length else ''}", f"{kind.en}{f' ({length})' if length else ''}")
    return said(path.rpartition("/")[2], value)


def as_json(resource: PublicResource, content: Mapping[str, Any]) -> dict[str, Any]:
    """An entry for programs: the core metadata by their English names."""
    department = resource.department
    return {
        "number": resource.number, "version": resource.version, "state": resource.state,
        "department": {"number": department.number, "name": department.name, "name_en": department.name_en, "uscc": department.uscc},
        **{k: v for k, v in content.items() if k != "dataset"},
        "published_at": resource.published_at.isoformat() if resource.published_at else None,
        "data_at": resource.data_at.isoformat() if resource.data_at else None,
        "data_due_at": resource.data_due_at.isoformat() if resource.data_due_at else None,
        "url": f"/public-data/{resource.number}",
    }  # fmt: skip


def brief(resource: PublicResource) -> dict[str, Any]:
    """A line of a list, for programs."""
    return {
        "number": resource.number, "code": resource.code, "name": resource.name, "name_en": resource.name_en, "summary": resource.summary,
        "department": {"number": resource.department.number, "name": resource.department.name}, "version": resource.version,
        **{k: getattr(resource, k) for k in ("kind", "base_library", "theme", "format", "sharing", "opening", "update_cycle", "state")},
        "published_at": resource.published_at.isoformat() if resource.published_at else None, "url": f"/public-data/{resource.number}",
    }  # fmt: skip
