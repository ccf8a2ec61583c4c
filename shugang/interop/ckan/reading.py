"""What a caller asks for, checked: numbers within bounds, filters and sort in the little of Solr's language that we answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from shugang.publicdata.catalogue import kinds

from .errors import BadQuery, Invalid

MOST = 1_000
FACETS = {"organization": "department", "groups": "theme", "tags": "", "res_format": "medium"}
_TAGS = {text.zh: ("kind", code) for code, text in kinds.KINDS.items()} | {
    text.zh: ("library", code) for code, text in kinds.BASE_LIBRARIES.items()
}
_FIELDS = {
    "organization": "department",
    "owner_org": "department",
    "groups": "theme",
    "tags": "tags",
    "name": "name",
    "id": "name",
}
_TERM = re.compile(r'\+?(?P<field>[a-z_]+):(?:"(?P<quoted>[^"]{1,200})"|(?P<plain>[^\s"()\[\]*]{1,200}))')
_SORTS = {"score": "", "relevance": "", "name": "number", "id": "number", "title": "name", "title_string": "name",
          "metadata_modified": "changed", "metadata_created": "published_at"}  # fmt: skip


def whole(given: Mapping[str, Any], name: str, default: int, most: int) -> int:
    value = given.get(name)
    if value in (None, ""):
        return default
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid(f"{name}: must be a whole number from 0", name)
    if int(text) > most:
        raise Invalid(f"{name}: must be at most {most}", name)
    return int(text)


def flag(given: Mapping[str, Any], name: str) -> bool:
    return str(given.get(name, "")).lower() in ("true", "1", "yes", "t")


def text(given: Mapping[str, Any], name: str, most: int = 200) -> str:
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most or "\0" in value:
        raise Invalid(f"{name}: must be text of at most {most} characters", name)
    return value.strip()


def needed(given: Mapping[str, Any], name: str) -> str:
    found = text(given, name)
    if not found:
        raise Invalid("Missing value", name)
    return found


def strings(given: Mapping[str, Any], name: str) -> list[str]:
    """A list, or the JSON text of one, as CKAN takes both."""
    value = given.get(name)
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            raise Invalid(f"{name}: is no JSON list", name) from None
    if value in (None, ""):
        return []
    items = value if isinstance(value, list) else [value]
    if len(items) > 20 or not all(isinstance(item, str) and len(item) <= 500 for item in items):
        raise Invalid(f"{name}: must be a list of texts", name)
    return items


def words(q: str) -> str:
    """The words of `q`; `*:*` asks for all, and a field before the words is left off."""
    return re.sub(r"\b(?:title|notes|name|text):", "", q).replace("*:*", "").replace("*", "").strip()[:100]


def filters(given: Mapping[str, Any]) -> dict[str, str]:
    """Facet → value of `fq` and `fq_list`, joined by AND. Raises BadQuery for what we do not answer."""
    found: dict[str, str] = {}
    for query in [text(given, "fq", 1_000), *strings(given, "fq_list")]:
        rest = query.replace(" AND ", " ")
        for term in _TERM.finditer(rest):
            name, value = _filter(term["field"], term["quoted"] or term["plain"])
            if found.setdefault(name, value) != value:
                raise BadQuery(f"fq: two values of {term['field']} at once")
        left = _TERM.sub("", rest).strip()
        if left and left != "*:*":
            raise BadQuery(
                f"fq: {left[:60]} is not understood; use field:value joined by AND with {', '.join(sorted(_FIELDS))}"
            )
    return found


def _filter(field: str, value: str) -> tuple[str, str]:
    name = _FIELDS.get(field)
    if name is None:
        raise BadQuery(f"fq: {field} is not a field of this catalogue; it has {', '.join(sorted(_FIELDS))}")
    if name == "tags":
        return _TAGS.get(value, ("kind", "\0"))
    if name in ("department", "name"):
        return name, value.upper()
    return name, value


def sort(given: Mapping[str, Any]) -> tuple[str, bool]:
    """(column of the entry, descending); "" for the search's own order. Of several only the first counts."""
    asked = text(given, "sort") or "score desc"
    field, _, way = asked.split(",")[0].strip().partition(" ")
    if field not in _SORTS or way.strip().lower() not in ("", "asc", "desc"):
        raise BadQuery(f"sort: {asked[:60]} is not understood; use one of {', '.join(sorted(_SORTS))} with asc or desc")
    return _SORTS[field], way.strip().lower() == "desc"
