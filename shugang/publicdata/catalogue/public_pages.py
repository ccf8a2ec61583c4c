"""The public catalogue: list with facets, one entry, its versions, the change feed; each with its JSON twin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel import clock
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.textindex import MANY
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.workbooks import Sheet, xlsx_response

from ..rectification.presenting import mark_words
from ..rectification.queries import mark_json, public_mark
from . import content as contents
from . import finding, freshness, kinds, presenting, queries, schema_org
from .finding import FACETS, SORTS, Result, Wanted
from .models import CatalogueChange, PublicResource, ResourceVersion

EXPORTED = 10_000
FEED = 100
HEADER = (Text("资源代码", "Code"), Text("资源名称", "Name"), Text("提供方", "Provider"), Text("摘要", "Summary"), Text("类别", "Kind"),
          Text("基础库", "Base library"), Text("主题", "Theme"), Text("格式", "Format"), Text("共享", "Sharing"), Text("开放", "Opening"),
          Text("更新周期", "Update cycle"), Text("发布日期", "Published"), Text("编号", "Number"))  # fmt: skip
CHANGES_HEADER = (Text("序号", "Sequence"), Text("时间", "Time"), Text("变化", "Change"), Text("资源代码", "Code"),
                  Text("资源名称", "Name"), Text("版本", "Version"))  # fmt: skip


def json_answer(value: Any) -> JsonResponse:
    return JsonResponse(value, json_dumps_params={"ensure_ascii": False})


def line(r: PublicResource) -> list[Any]:
    return [
        r.code, r.name, presenting.name_of(r.department), r.summary, *(presenting.said(k, getattr(r, k)) for k in (
            "kind", "base_library", "theme", "format", "sharing", "opening", "update_cycle")),
        r.published_at.astimezone(clock.zone()).date() if r.published_at else "", r.number,
    ]  # fmt: skip


def exported(name: str, kind: str, header: Any, rows: Any) -> HttpResponse | None:
    """The download that was asked for, or None."""
    if kind == "csv":
        return csv_response(name, header, rows)
    if kind == "xlsx":
        return xlsx_response(
            name, [Sheet(Text("公共数据目录", "Public data"), header, rows, [16, 32, 20, 40] + [14] * 9)]
        )
    return None


def found_json(wanted: Wanted, found: Result) -> dict[str, Any]:
    return {
        "q": wanted.q, "filters": dict(wanted.facets), "sort": wanted.order, "total": found.total, "more": found.more,
        "partly": found.partly, "next": str(found.next) if found.next is not None else "",
        "items": [presenting.brief(r) for r in found.resources], "facets": found.facets,
    }  # fmt: skip


@require_GET
def public_list(request: HttpRequest) -> HttpResponse:
    wanted = Wanted.read(request.GET)
    kind = request.GET.get("format") if request.GET.get("format") in ("csv", "xlsx") else ""
    if kind:
        # A download's `format` is no facet of the list.
        whole = finding.find(replace(wanted, start=0), EXPORTED)
        return exported("public-data", str(kind), HEADER, (line(r) for r in whole.resources)) or HttpResponse(
            status=204
        )
    found = finding.find(wanted)
    query = wanted.query()
    plain = urlencode({k: v for k, v in {"q": wanted.q, **wanted.facets}.items() if v})
    context = {
        "q": wanted.q, "found": found, "chosen": wanted.facets, "sort": wanted.sort, "many": MANY, "panels": _panels(wanted, found),
        "sorts": [(label, f"?{plain}&sort={k}" if plain else f"?sort={k}", wanted.order == k) for k, (label, _) in SORTS.items()],
        "best": (f"?{plain}", wanted.order == finding.BEST) if wanted.q else None, "words": presenting.WORDS, "query_string": query,
        "more_url": f"?{query}&after={found.next}" if found.next is not None else None, "back_url": f"?{query}" if wanted.start else None,
        "json_url": f"/public-data.json?{query}" + (f"&after={wanted.start}" if wanted.start else ""),
    }  # fmt: skip
    return render(request, "publicdata/catalogue/public_list.html", context)


def _panels(wanted: Wanted, found: Result) -> list[tuple[Text, str, bool, list[tuple[Any, str, bool, int]]]]:
    """For each facet: label, address without a choice, whether one is chosen, its values as links with counts."""
    names = finding.department_names(list(found.facets.get(finding.DEPARTMENT, {})))
    panels = []
    for facet, (label, words) in FACETS.items():
        tally = found.facets.get(facet, {})
        if not tally or (len(tally) == 1 and facet not in wanted.facets and facet not in ("kind", "theme")):
            continue
        kept = {k: v for k, v in {"q": wanted.q, **wanted.facets, "sort": wanted.sort}.items() if v and k != facet}
        current = wanted.facets.get(facet, "")
        values = sorted(tally.items(), key=lambda pair: (pair[0] != current, -pair[1]))
        links = [((names if facet == finding.DEPARTMENT else words).get(v, v), "?" + urlencode({**kept, facet: v}), v == current, n)
                 for v, n in values]  # fmt: skip
        panels.append((label, f"?{urlencode(kept)}", not current, links))
    return panels


@require_GET
def public_list_json(request: HttpRequest) -> HttpResponse:
    wanted = Wanted.read(request.GET)
    return json_answer(found_json(wanted, finding.find(wanted)))


def version_of(resource: PublicResource, number: int | None = None) -> ResourceVersion:
    """Raises Refusal `not_found`."""
    found = resource.versions.filter(version=number or resource.version).first()
    if found is None:
        raise not_found(Text("这个版本", "version"))
    return found


def shown(resource: PublicResource, content: dict[str, Any]) -> dict[str, Any]:
    """What public page, desk and version pages share."""
    links = queries.codes_of(content["related"])
    return {
        "resource": resource, "content": content, "title": presenting.title_of(resource), "state": kinds.STATES[resource.state],
        "tone": kinds.TONES[resource.state], "department": presenting.name_of(resource.department),
        "rows": presenting.metadata(content, resource.department), "items": presenting.items(content),
        "related": [(code, links.get(code)) for code in content["related"]], "cycle": kinds.CYCLES[content["update_cycle"]],
    }  # fmt: skip


def mark_of(resource: PublicResource) -> dict[str, Any] | None:
    """The objection mark on the data behind an entry (异议标注)."""
    return public_mark(resource.dataset) if resource.dataset else None


def entry_json(resource: PublicResource) -> dict[str, Any]:
    return {**presenting.as_json(resource, version_of(resource).content), "objections": mark_json(mark_of(resource))}


@require_GET
def public_page(request: HttpRequest, number: str) -> HttpResponse:
    resource = queries.public_resource(number)
    content = version_of(resource).content
    context = {
        **shown(resource, content), "versions": list(queries.public_versions(resource)[:50]),
        "json_url": f"/public-data/{resource.number}.json", "schema_org": schema_org.block(resource),
        "mark": mark_words(mark) if (mark := mark_of(resource)) else None, "may_object": request.actor.party_id is not None,  # type: ignore[attr-defined]
        "fresh": freshness.LABELS[freshness.standing(resource)],
    }  # fmt: skip
    return render(request, "publicdata/catalogue/public_page.html", context)


@require_GET
def public_page_json(request: HttpRequest, number: str) -> HttpResponse:
    resource = queries.public_resource(number)
    return json_answer(entry_json(resource))


@require_GET
def version_page(request: HttpRequest, number: str, version: int) -> HttpResponse:
    """One published version, and what it changed against the one before."""
    resource = queries.public_resource(number)
    row = version_of(resource, version)
    before = resource.versions.filter(version=version - 1).first()
    context = {
        **shown(resource, row.content), "row": row, "changes": presenting.changes(before.content, row.content) if before else None,
        "json_url": f"/public-data/{resource.number}/versions/{version}.json",
    }  # fmt: skip
    return render(request, "publicdata/catalogue/version.html", context)


def version_json(resource: PublicResource, row: ResourceVersion) -> dict[str, Any]:
    before = resource.versions.filter(version=row.version - 1).first()
    return {
        "number": resource.number, "version": row.version, "digest": row.digest, "published_at": row.published_at.isoformat(),
        "content": {k: v for k, v in row.content.items() if k != "dataset"},
        "changes": [{"path": p, "before": a, "after": b} for p, a, b in contents.differences(before.content, row.content) if p != "dataset"]
        if before else [],
    }  # fmt: skip


@require_GET
def version_page_json(request: HttpRequest, number: str, version: int) -> HttpResponse:
    resource = queries.public_resource(number)
    return json_answer(version_json(resource, version_of(resource, version)))


def read_after(request: HttpRequest) -> int:
    """Raises Refusal `bad_cursor`."""
    text = request.GET.get("after", "") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Refusal(
            "bad_cursor", Text("序号应为数字，请从0开始读取。", "The sequence is a number. Please begin with 0.")
        )
    return int(text)


def feed(after: int) -> dict[str, Any]:
    """A page of the feed: whoever keeps a copy asks on with `next` until it gets nothing."""
    rows = list(queries.public_changes(after)[:FEED])
    return {
        "items": [
            {"sequence": c.sequence, "kind": c.kind, "number": c.resource.number, "code": c.resource.code, "version": c.version,
             "at": c.at.isoformat(), "url": f"/public-data/{c.resource.number}"}
            for c in rows
        ],
        "next": rows[-1].sequence if rows else after,
        "last": CatalogueChange.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0,
    }  # fmt: skip


@require_GET
def changes(request: HttpRequest) -> HttpResponse:
    """The change feed for people: newest first, paged by sequence number."""
    before = read_after(request)
    rows = CatalogueChange.objects.select_related("resource__department").order_by("-sequence")
    if request.GET.get("format") == "csv":
        return csv_response("public-data-changes", CHANGES_HEADER, (
            [c.sequence, c.at, kinds.CHANGES[c.kind], c.resource.code, c.resource.name, c.version] for c in rows[:EXPORTED]))  # fmt: skip
    if before:
        rows = rows.filter(sequence__lt=before)
    page = list(rows[: FEED // 2 + 1])
    more = page[FEED // 2 - 1].sequence if len(page) > FEED // 2 else None
    context = {
        "changes": [(c, kinds.CHANGES[c.kind], presenting.title_of(c.resource)) for c in page[: FEED // 2]],
        "more_url": f"?after={more}" if more else None, "back_url": "?" if before else None,
        "json_url": "/public-data/changes.json",
    }  # fmt: skip
    return render(request, "publicdata/catalogue/changes.html", context)


@require_GET
def changes_json(request: HttpRequest) -> HttpResponse:
    return json_answer(feed(read_after(request)))


urlpatterns = [
    path("public-data", public_list, name="public-data"),
    path("public-data.json", public_list_json, name="public-data-json"),
    path("public-data/changes", changes, name="public-data-changes"),
    path("public-data/changes.json", changes_json, name="public-data-changes-json"),
    path("public-data/<str:number>.json", public_page_json, name="public-resource-json"),
    path("public-data/<str:number>", public_page, name="public-resource"),
    path("public-data/<str:number>/versions/<int:version>.json", version_page_json, name="public-version-json"),
    path("public-data/<str:number>/versions/<int:version>", version_page, name="public-version"),
]
