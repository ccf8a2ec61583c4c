"""The actions, by name: what is asked for in, CKAN's result out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce

from shugang.kernel.errors import Refusal
from shugang.kernel.textindex import MANY
from shugang.parties.models import Party
from shugang.publicdata.catalogue import finding, kinds, queries
from shugang.publicdata.catalogue.finding import Wanted
from shugang.publicdata.catalogue.models import PublicResource
from shugang.publicdata.sharing.queries import public_openings

from ..entries import Entry, absolute, entries
from . import reading, telling
from .errors import Invalid, NotFound
from .reading import MOST

Asked = Mapping[str, Any]
_COLUMNS = {
    "department": "department__number",
    "theme": "theme",
    "kind": "kind",
    "library": "base_library",
    "name": "number",
}


def _published() -> QuerySet[PublicResource]:
    """`changed` as `Entry.changed`, for sorting."""
    return queries.published().prefetch_related("items").annotate(changed=Coalesce("data_at", "published_at"))


# -- packages ---------------------------------------------------------------------------------------------------


def package_search(asked: Asked) -> dict[str, Any]:
    rows, start = reading.whole(asked, "rows", 10, MOST), reading.whole(asked, "start", 0, 10**8)
    q, chosen = reading.words(reading.text(asked, "q", 1_000)), reading.filters(asked)
    column, descending = reading.sort(asked)
    facets = _facet_names(asked)
    counted = (
        finding.find(Wanted(q, {k: v for k, v in chosen.items() if k in finding.FACETS}), 1) if q or facets else None
    )
    if q:
        total, found = _with_words(q, chosen, column, descending, start, rows)
    else:
        listed = _filtered(chosen)
        order = column or "changed"
        way = "-" if descending or not column else ""
        total = listed.count()
        found = list(listed.order_by(f"{way}{order}", f"{way}number")[start : start + rows])
    counts = _counts(facets, counted.facets if counted else {})
    return {
        "count": total, "sort": reading.text(asked, "sort") or "score desc, metadata_modified desc",
        "facets": {name: {item["name"]: item["count"] for item in items} for name, items in counts.items()},
        "search_facets": {name: {"title": name, "items": items} for name, items in counts.items()},
        "results": [telling.package(entry) for entry in entries(found)],
    }  # fmt: skip


def _filtered(chosen: Mapping[str, str]) -> QuerySet[PublicResource]:
    if "\0" in chosen.values():
        return _published().none()
    return _published().filter(**{_COLUMNS[name]: value for name, value in chosen.items()})


def _with_words(
    q: str, chosen: Mapping[str, str], column: str, descending: bool, start: int, rows: int
) -> tuple[int, list[PublicResource]]:
    """By relevance the index pages; by a column the matches that it counts (the best MANY) are sorted."""
    wanted = Wanted(q, {k: v for k, v in chosen.items() if k in finding.FACETS}, "", 0 if column else start)
    result = finding.find(wanted, MANY if column else rows)
    allowed = {r.pk: r for r in _filtered(chosen).filter(pk__in=[r.pk for r in result.resources])}
    found = [allowed[r.pk] for r in result.resources if r.pk in allowed]
    if not column:
        return (len(found) if "name" in chosen else result.total), found
    found.sort(key=lambda r: (getattr(r, column), r.number), reverse=descending)
    return len(found), found[start : start + rows]


def _facet_names(asked: Asked) -> list[str]:
    names = reading.strings(asked, "facet.field")
    unknown = sorted(set(names) - reading.FACETS.keys())
    if unknown:
        raise Invalid(f"facet.field: {unknown[0][:60]} is not one of {', '.join(reading.FACETS)}", "facet.field")
    return names


def _counts(names: list[str], found: Mapping[str, Mapping[str, int]]) -> dict[str, list[dict[str, Any]]]:
    departments = finding.department_names(list(found.get("department", {})))
    result: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        if name == "tags":
            pairs = [(kinds.KINDS[v].zh, kinds.KINDS[v].zh, n) for v, n in found.get("kind", {}).items()]
            pairs += [
                (kinds.BASE_LIBRARIES[v].zh, kinds.BASE_LIBRARIES[v].zh, n) for v, n in found.get("library", {}).items()
            ]
        elif name == "organization":
            pairs = [
                (telling.name_of(v), departments[v].zh if v in departments else v, n)
                for v, n in found.get("department", {}).items()
            ]
        elif name == "groups":
            pairs = [(v, kinds.THEMES[v].zh, n) for v, n in found.get("theme", {}).items()]
        else:
            pairs = [(v, kinds.FORMATS[v].zh, n) for v, n in found.get("medium", {}).items()]
        result[name] = [
            {"name": n, "display_name": d, "count": c} for n, d, c in sorted(pairs, key=lambda p: -p[2]) if c
        ]
    return result


def _entry(name: str) -> Entry:
    """By name, id or standard code."""
    try:
        resource = queries.public_resource(name if "/" in name else name.upper())
    except Refusal:
        raise NotFound("Not found: Dataset") from None
    return entries([resource])[0]


def package_show(asked: Asked) -> dict[str, Any]:
    return telling.package(_entry(reading.needed(asked, "id")))


def package_list(asked: Asked) -> list[str]:
    limit, offset = reading.whole(asked, "limit", MOST, MOST), reading.whole(asked, "offset", 0, 10**8)
    numbers = queries.published().order_by("number").values_list("number", flat=True)[offset : offset + limit]
    return [telling.name_of(number) for number in numbers]


# -- resources --------------------------------------------------------------------------------------------------


def resource_show(asked: Asked) -> dict[str, Any]:
    number, _, kind = reading.needed(asked, "id").rpartition("-")
    opening = public_openings().filter(case__number=number.upper(), resource__state="published").first()
    if opening is not None:
        entry = Entry(opening.resource, opening)
        for found in telling.resources(entry):
            if found["format"] == kind.upper():
                return found
    raise NotFound("Not found: Resource")


def resource_search(asked: Asked) -> dict[str, Any]:
    """`query` holds `field:word`, once or more; fields are name, description and format."""
    limit, offset = reading.whole(asked, "limit", 100, MOST), reading.whole(asked, "offset", 0, 10**8)
    rows, kinds_wanted = public_openings().filter(resource__state="published"), ""
    for term in reading.strings(asked, "query"):
        field, colon, word = term.partition(":")
        if not colon or field not in ("name", "description", "format"):
            raise Invalid("query: write name:…, description:… or format:…", "query")
        if field == "format":
            kinds_wanted = word.lower()
        else:
            rows = rows.filter(**{"resource__name__icontains" if field == "name" else "licence__icontains": word})
    found = [
        r for o in rows.select_related("resource__department").order_by("pk")[:MOST] for r in telling.resources(Entry(o.resource, o))
        if not kinds_wanted or r["format"].lower() == kinds_wanted
    ]  # fmt: skip
    return {"count": len(found), "results": found[offset : offset + limit]}


# -- organizations, groups, tags --------------------------------------------------------------------------------


def _departments() -> Any:
    """Those with published entries, and how many as `n`."""
    shown = Q(public_resources__state="published")
    return Party.objects.annotate(n=Count("public_resources", filter=shown)).filter(n__gt=0).order_by("number")


def _listed(asked: Asked, rows: list[dict[str, Any]]) -> list[Any]:
    return rows if reading.flag(asked, "all_fields") else [row["name"] for row in rows]


def organization_list(asked: Asked) -> list[Any]:
    limit, offset = reading.whole(asked, "limit", MOST, MOST), reading.whole(asked, "offset", 0, 10**8)
    return _listed(asked, [telling.organization(party, party.n) for party in _departments()[offset : offset + limit]])


def organization_show(asked: Asked) -> dict[str, Any]:
    party = _departments().filter(number=reading.needed(asked, "id").upper()).first()
    if party is None:
        raise NotFound("Not found: Organization")
    return _with_packages(asked, telling.organization(party, party.n), {"department": party.number})


def _with_packages(asked: Asked, found: dict[str, Any], chosen: dict[str, str]) -> dict[str, Any]:
    if reading.flag(asked, "include_datasets"):
        rows = _filtered(chosen).order_by("number")[:10]
        found["packages"] = [telling.package(entry) for entry in entries(rows)]
    return found


def _themes() -> dict[str, int]:
    rows = queries.published().order_by().values_list("theme").annotate(n=Count("pk"))
    return dict(sorted(rows))


def group_list(asked: Asked) -> list[Any]:
    return _listed(asked, [telling.group(theme, count) for theme, count in _themes().items()])


def group_show(asked: Asked) -> dict[str, Any]:
    theme, counts = reading.needed(asked, "id"), _themes()
    if theme not in counts:
        raise NotFound("Not found: Group")
    return _with_packages(asked, telling.group(theme, counts[theme]), {"theme": theme})


def tag_list(asked: Asked) -> list[Any]:
    q = reading.text(asked, "query")
    used = queries.published().order_by().values_list("kind", "base_library").distinct()
    labels = {kinds.KINDS[kind].zh for kind, _ in used} | {kinds.BASE_LIBRARIES[b].zh for _, b in used if b}
    return _listed(asked, [telling.tag(label) for label in sorted(labels) if q in label])


def status_show(asked: Asked) -> dict[str, Any]:
    return {
        "site_title": settings.SHUGANG_SITE_NAME_ZH, "site_description": settings.SHUGANG_SITE_NAME_EN, "site_url": absolute(""),
        "ckan_version": "2.11", "locale_default": "zh_Hans_CN", "error_emails_to": None, "extensions": [],
    }  # fmt: skip


ACTIONS: dict[str, Callable[[Asked], Any]] = {
    act.__name__: act
    for act in (package_search, package_show, package_list, resource_show, resource_search, organization_list, organization_show,
                group_list, group_show, tag_list, status_show)
}  # fmt: skip
