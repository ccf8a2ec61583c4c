"""Entries, departments and themes as CKAN's dictionaries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shugang.parties.models import Party
from shugang.publicdata.catalogue import kinds
from shugang.publicdata.rectification.presenting import mark_words

from ..entries import MEDIA, Entry

LICENCE = "notspecified"


def moment(value: datetime | None) -> str | None:
    """UTC without its mark, as CKAN writes time."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") if value else None


def name_of(number: str) -> str:
    """CKAN's names are small letters, figures, dashes; every number of ours is one when written small."""
    return number.lower()


def tag(label: str) -> dict[str, Any]:
    return {"id": label, "name": label, "display_name": label, "state": "active", "vocabulary_id": None}


def group(theme: str, count: int | None = None) -> dict[str, Any]:
    label = kinds.THEMES[theme]
    found = {"id": theme, "name": theme, "title": label.zh, "display_name": label.zh, "description": label.en, "type": "group",
             "state": "active", "is_organization": False, "image_display_url": ""}  # fmt: skip
    return found if count is None else found | {"package_count": count}


def organization(party: Party, count: int | None = None) -> dict[str, Any]:
    found = {
        "id": name_of(party.number), "name": name_of(party.number), "title": party.name, "display_name": party.name,
        "description": party.name_en, "type": "organization", "state": "active", "is_organization": True,
        "approval_status": "approved", "created": moment(party.created_at), "image_url": "", "image_display_url": "",
    }  # fmt: skip
    return found if count is None else found | {"package_count": count}


def resource(entry: Entry, kind: str, url: str, position: int) -> dict[str, Any]:
    assert entry.opening is not None
    return {
        "id": f"{name_of(entry.opening.number)}-{kind}", "package_id": name_of(entry.number), "name": f"{entry.resource.name}（{kind}）",
        "description": entry.opening.licence, "format": kind.upper(), "mimetype": MEDIA[kind], "url": url, "url_type": None,
        "position": position, "state": "active", "created": moment(entry.opening.opened_at),
        "last_modified": moment(entry.changed), "metadata_modified": moment(entry.changed), "size": None, "hash": "",
    }  # fmt: skip


def resources(entry: Entry) -> list[dict[str, Any]]:
    return [resource(entry, kind, url, place) for place, (kind, url) in enumerate(entry.files)]


def _marked(entry: Entry) -> dict[str, str]:
    """异议标注, as extras: none where nothing is open."""
    if entry.mark is None:
        return {}
    return {"objections": str(entry.mark["objections"]), "objections_since": moment(entry.mark["since"]) or "",
            "objection_columns": "、".join(entry.mark["columns"]), "objection_mark": mark_words(entry.mark).zh}  # fmt: skip


def package(entry: Entry) -> dict[str, Any]:
    r, files = entry.resource, resources(entry)
    items = [item.name for item in r.items.all()]
    extras = {
        "code": r.code, "title_en": r.name_en, "kind": kinds.KINDS[r.kind].zh, "sharing": kinds.CONDITIONS[r.sharing].zh,
        "opening": kinds.CONDITIONS[r.opening].zh, "opening_condition": r.opening_condition, "update_cycle": kinds.CYCLES[r.update_cycle].zh,
        "data_format": kinds.FORMATS[r.format].zh, "items": "、".join(items),
        **_marked(entry),
    }  # fmt: skip
    tags = [tag(label) for label in entry.tags]
    return {
        "id": name_of(r.number), "name": name_of(r.number), "title": r.name, "notes": r.summary, "url": entry.page, "type": "dataset",
        "state": "active", "private": False, "isopen": bool(files), "version": str(r.version),
        "author": r.department.name, "author_email": None, "maintainer": r.department.name, "maintainer_email": None,
        "license_id": LICENCE, "license_title": entry.opening.licence if entry.opening else "", "license_url": None,
        "owner_org": name_of(r.department.number), "organization": organization(r.department),
        "creator_user_id": None, "metadata_created": moment(r.published_at), "metadata_modified": moment(entry.changed),
        "groups": [group(r.theme)], "tags": tags, "num_tags": len(tags), "resources": files, "num_resources": len(files),
        "extras": [{"key": key, "value": value} for key, value in extras.items() if value],
        "relationships_as_subject": [], "relationships_as_object": [],
    }  # fmt: skip
