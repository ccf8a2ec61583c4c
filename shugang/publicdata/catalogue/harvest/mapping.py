"""CKAN's dictionaries as answers of our form; pure. What CKAN has no word for is what the handler chose for the whole harvest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from .. import kinds
from ..sheet import Entry

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SPLIT = re.compile(r"[、，,;；]+")
_FORMATS = {"CSV": "spreadsheet", "XLS": "spreadsheet", "XLSX": "spreadsheet", "JSON": "structured", "XML": "structured",
            "SHP": "geo", "GEOJSON": "geo", "KML": "geo", "PDF": "document", "DOC": "document", "DOCX": "document"}  # fmt: skip


def _text(value: Any, most: int) -> str:
    return _CONTROL.sub("", value).strip()[:most] if isinstance(value, str) else ""


def _extras(package: Mapping[str, Any]) -> dict[str, str]:
    rows = package.get("extras")
    found = rows if isinstance(rows, list) else []
    return {_text(r.get("key"), 60): _text(r.get("value"), 4_000) for r in found if isinstance(r, dict)}


def _word(words: Mapping[str, Any], said: str, default: str) -> str:
    return next((code for code, text in words.items() if said in (code, text.zh, text.en)), default)


def entry(line: int, package: Mapping[str, Any], chosen: Mapping[str, str]) -> Entry:
    """`chosen`: the handler's classification, theme, cycle, sharing and opening for what the other side does not say."""
    extras = _extras(package)
    groups = package.get("groups") if isinstance(package.get("groups"), list) else []
    theme = next(
        (g["name"] for g in groups or () if isinstance(g, dict) and g.get("name") in kinds.THEMES), chosen["theme"]
    )
    title = _text(package.get("title"), 200) or _text(package.get("name"), 200)
    values: dict[str, Any] = {
        "name": title, "name_en": extras.get("title_en", "")[:300], "summary": _text(package.get("notes"), 2_000) or title,
        "kind": "department", "classification": chosen["classification"], "theme": theme, "format": _format(package),
        "update_cycle": _word(kinds.CYCLES, extras.get("update_cycle", ""), chosen["update_cycle"]),
        # What another may share or open says nothing of what this department may: that is its own decision.
        "sharing": chosen["sharing"], "sharing_condition": chosen["condition"], "sharing_method": chosen["sharing_method"],
        "opening": chosen["opening"], "opening_condition": chosen["condition"],
    }  # fmt: skip
    return Entry(line, {k: v for k, v in values.items() if v}, _items(package, extras, title))


def _resources(package: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = package.get("resources")
    return [r for r in rows if isinstance(r, dict)] if isinstance(rows, list) else []


def _format(package: Mapping[str, Any]) -> str:
    found = (_FORMATS.get(_text(r.get("format"), 20).upper()) for r in _resources(package))
    return next((f for f in found if f), "database")


def _items(package: Mapping[str, Any], extras: Mapping[str, str], title: str) -> list[dict[str, Any]]:
    """The items that the other side names; else its files, else the title: the handler completes them in the draft."""
    named = [word.strip()[:120] for word in _SPLIT.split(extras.get("items", "")) if word.strip()]
    files = [_text(r.get("name"), 120) for r in _resources(package)]
    names = dict.fromkeys(named or [f for f in files if f] or [title[:120]])
    return [{"name": name, "data_type": "C"} for name in list(names)[:500] if name]


def digest(package: Mapping[str, Any]) -> str:
    """Of what the mapping reads, so that a stamp of time alone is no change."""
    kept = {k: package.get(k) for k in ("title", "notes", "groups", "extras", "resources")}
    if isinstance(kept["resources"], list):
        kept["resources"] = [{k: r.get(k) for k in ("name", "format")} for r in _resources(package)]
    return hashlib.sha256(json.dumps(kept, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
