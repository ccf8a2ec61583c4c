"""The desk: a department's entries, the form, filings as department, chief data officer and data office see them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.delivery.datasets.queries import dictionary
from shugang.delivery.models import Dataset
from shugang.kernel import paging
from shugang.kernel import queries as cases
from shugang.kernel.errors import Refusal
from shugang.market.http import form_state, member, once, revision_of, status_of
from shugang.policy.text import Text

from .. import bodies
from . import board_pages, coverage, forms, freshness, import_pages, kinds, presenting, public_pages, queries, services
from . import content as contents
from .forms import FORM, ITEM, WHY
from .models import Filing
from .process import FILING, FILING_KINDS

HEADER = (*public_pages.HEADER, Text("状态", "State"), Text("版本", "Version"))
FILING_HEADER = (Text("编号", "Number"), Text("类型", "Kind"), Text("部门", "Department"), Text("目录", "Entries"), Text("状态", "State"),
                 Text("起草", "Drafted"))  # fmt: skip
BLANK = 5
SHOWN = 50
STANDINGS: dict[str, tuple[Text, Text, str]] = {
    "suspension": (Text("申请暂停", "File a suspension"), Text("生效后公众看不到这条目录，可以再恢复", "The public sees the entry no more; it can be resumed"), "player-pause"),
    "resumption": (Text("申请恢复", "File a resumption"), Text("生效后重新公开", "It is public again"), "player-play"),
    "withdrawal": (Text("申请撤销", "File a withdrawal"), Text("生效后永久撤下，代码不再使用；历次版本保留", "It is taken down for good; its code is not used again and its versions are kept"), "trash"),
}  # fmt: skip


@require_GET
def resource_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    state = request.GET.get("state", "") if request.GET.get("state", "") in kinds.STATES else ""
    q = request.GET.get("q", "").replace("\0", "").strip()[:100]
    rows = queries.resources(actor, state)
    if q:
        rows = rows.filter(name__icontains=q) | rows.filter(code__startswith=q)
    lack, department = request.GET.get("lack", ""), request.GET.get("department", "")[:20]
    lack = lack if lack in coverage.LACKS else ""
    if lack:
        rows = rows.filter(coverage.lack(lack))
    if department:
        rows = rows.filter(department__number=department)
    kind = request.GET.get("format", "")
    if kind in ("csv", "xlsx"):
        lines = ([*public_pages.line(r), kinds.STATES[r.state], r.version] for r in rows.order_by("-pk")[:10_000])
        return public_pages.exported("catalogue", kind, HEADER, lines) or HttpResponse(status=204)
    page, tally = paging.page(rows, request.GET.get("after", "")), queries.resource_counts(actor)
    segments = [(Text("全部", "All"), "?", not state, sum(tally.values()))]
    segments += [(label, f"?state={s}", state == s, tally[s]) for s, label in kinds.STATES.items() if tally.get(s)]
    context = {
        "page": page, "segments": segments, "q": q, "state": state, "words": presenting.WORDS, "states": kinds.STATES, "tones": kinds.TONES,
        "may": bodies.may_handle(actor), "mine": "department" in actor.roles,
        "lack": coverage.LACKS.get(lack), "fresh": {r.pk: freshness.LABELS[freshness.standing(r)] for r in page.items},
    }  # fmt: skip
    return render(request, "publicdata/catalogue/resource_list.html", context)


@require_GET
def resource_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    resource = queries.get_resource(actor, number)
    content = contents.of_resource(resource)
    may = bodies.may_handle(actor) and resource.department_id == actor.party_id
    filing = queries.open_filing(resource)
    offered = {"published": ("suspension", "withdrawal"), "suspended": ("resumption", "withdrawal")}.get(
        resource.state, ()
    )
    context = {
        **public_pages.shown(resource, content), "versions": list(queries.public_versions(resource)[:50]), "filing": filing,
        "may": may and filing is None, "fresh": freshness.LABELS[freshness.standing(resource)], "may_tell": may and resource.state == "published",
        "standings": [(k, STANDINGS[k][0], STANDINGS[k][2]) for k in offered],
        **form_state(None),
    }  # fmt: skip
    return render(request, "publicdata/catalogue/resource.html", context)


def posted(request: HttpRequest) -> dict[str, Any]:
    """The form's answers with its items; rows that hold nothing are left out."""
    values: dict[str, Any] = {f.name: request.POST.get(f.name, "") for f in FORM.fields}
    rows = []
    for at in range(1, forms.MOST_ITEMS + BLANK + 1):
        if f"item-{at}-name" not in request.POST:
            break
        row = {f.name: request.POST.get(f"item-{at}-{f.name}", "") for f in ITEM.fields}
        if any(v for k, v in row.items() if k != "data_type"):
            rows.append(row)
    return {**values, "items": rows}


@require_http_methods(["GET", "POST"])
def new_resource(request: HttpRequest) -> HttpResponseBase:
    actor = member(request)
    bodies.require_handler(actor)
    values: dict[str, Any] = {"items": []}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = posted(request)
        if not _more(request):
            try:
                made = once(request, values, lambda: {"number": services.draft(actor, values).number})
                return redirect("filing", number=made["number"])
            except Refusal as error:
                refusal = error
    return _form(request, Text("编制目录", "Draft an entry"), values, refusal, "/desk/catalogue")


def _more(request: HttpRequest) -> bool:
    return request.POST.get("more") == "1"


def _form(request: HttpRequest, title: Text, values: dict[str, Any], refusal: Refusal | None, back: str, reason: bool = False,
          rev: int | None = None) -> HttpResponse:  # fmt: skip
    items = list(values["items"]) + [{}] * BLANK
    context = {
        "title": title, "fields": (*FORM.fields, *WHY.fields) if reason else FORM.fields, "item_fields": ITEM.fields, "values": values,
        "items": items, "columns": _columns(request, str(values.get("dataset", ""))), "back_url": back, "rev": rev, **form_state(refusal),
    }  # fmt: skip
    return render(request, "publicdata/catalogue/edit.html", context, status=status_of(refusal))


def _columns(request: HttpRequest, number: str) -> list[str]:
    """Columns of the data set that the entry names, to choose from."""
    found = Dataset.objects.visible_to(member(request)).filter(number=number.strip()).first() if number else None
    version = found.latest if found else None
    return [c["name"] for c in dictionary(version)] if version else []


@require_http_methods(["GET", "POST"])
def change_resource(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    bodies.require_handler(actor)
    resource = queries.get_resource(actor, number)
    values = forms.answers_of(contents.of_resource(resource))
    refusal: Refusal | None = None
    if request.method == "POST":
        values, reason = posted(request), request.POST.get("reason", "")
        if not _more(request):
            try:
                made = once(
                    request,
                    [values, reason],
                    lambda: {"number": services.propose_change(actor, number, values, reason).number},
                )
                return redirect("filing", number=made["number"])
            except Refusal as error:
                refusal = error
        values["reason"] = reason
    return _form(
        request, Text("变更目录", "Change the entry"), values, refusal, f"/desk/catalogue/{number}", reason=True
    )


@require_http_methods(["GET", "POST"])
def change_standing(request: HttpRequest, number: str, kind: str) -> HttpResponseBase:
    actor = member(request)
    bodies.require_handler(actor)
    resource = queries.get_resource(actor, number)
    if kind not in STANDINGS:
        raise Refusal("not_found", Text("没有这种申报。", "There is no such kind of filing."), 404)
    label, effect, icon = STANDINGS[kind]
    values, refusal = {"reason": request.POST.get("reason", "")}, None
    if request.method == "POST":
        try:
            made = once(
                request,
                [kind, values],
                lambda: {"number": services.propose_standing(actor, number, kind, values["reason"]).number},
            )
            return redirect("filing", number=made["number"])
        except Refusal as error:
            refusal = error
    context = {
        "title": label, "lead": f"{resource.code}　{resource.name}", "fields": WHY.fields, "values": values,
        "effects": [("signature", Text("由首席数据官签署、公共数据主管部门审核后生效", "It takes effect once the chief data officer has signed and the data office approved")),
                    (icon, effect)],
        "action_url": request.path, "verb": label, "back_url": f"/desk/catalogue/{number}", "danger": kind == "withdrawal", **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


@require_http_methods(["POST"])
def data_updated(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    once(request, number, lambda: {"number": services.data_updated(actor, number).number})
    return redirect("own-resource", number=number)


@require_GET
def filing_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    known = {s.name: s for s in FILING.states}
    state = request.GET.get("state", "") if request.GET.get("state", "") in known else ""
    rows = queries.filings(actor, state)
    if request.GET.get("format") == "csv":
        lines = ([f.number, FILING_KINDS[f.kind], presenting.name_of(f.department), f.entries_count, known[f.case.state].label, f.created_at]
                 for f in rows.order_by("-pk")[:10_000])  # fmt: skip
        return public_pages.exported("filings", "csv", FILING_HEADER, lines) or HttpResponse(status=204)
    page, tally = paging.page(rows, request.GET.get("after", "")), queries.filing_counts(actor)
    segments = [(Text("全部", "All"), "?", not state, sum(tally.values()))]
    segments += [
        (s.label, f"?state={s.name}", state == s.name, tally[s.name]) for s in FILING.states if tally.get(s.name)
    ]
    context = {
        "page": page, "segments": segments, "kinds": FILING_KINDS, "may": bodies.may_handle(actor),
        "views": [(f, cases.view(f.case, actor)) for f in page.items], "office": "data_office" in actor.roles,
    }  # fmt: skip
    return render(request, "publicdata/catalogue/filing_list.html", context)


@require_GET
def filing_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    filing = queries.get_filing(actor, number)
    view = cases.view(filing.case, actor)
    steps = {s.name: s for s in view.steps}
    page = list(queries.entries(filing)[:SHOWN])
    context = {
        "filing": filing, "view": view, "steps": steps, "kind": FILING_KINDS[filing.kind], "department": presenting.name_of(filing.department),
        "reason": filing.case.data.get("reason", ""), "entries": page, "left": max(0, filing.entries_count - SHOWN),
        "words": presenting.WORDS, "one": _one(filing, page[0]) if len(page) == 1 else None,
    }  # fmt: skip
    return render(request, "publicdata/catalogue/filing.html", context)


def _one(filing: Filing, entry: Any) -> dict[str, Any]:
    """The only entry of a filing, whole: what is proposed, and for a change what it changes."""
    resource = entry.resource
    content = entry.content or contents.of_resource(resource)
    before: dict[str, Any] | None = None
    if filing.kind == "change":
        row = resource.versions.exclude(case=filing.case).order_by("-version").first()
        before = row.content if row else None
    return {
        **public_pages.shown(resource, content), "title": Text(content["name"], content["name_en"] or content["name"]),
        "changes": presenting.changes(before, content) if before else None,
    }  # fmt: skip


@require_http_methods(["GET", "POST"])
def edit_entry(request: HttpRequest, number: str, resource: str) -> HttpResponseBase:
    actor = member(request)
    filing = queries.get_filing(actor, number)
    entry = queries.get_entry(filing, resource)
    if "revise" not in {s.name for s in cases.steps_for(filing.case, actor)} or not entry.content:
        return redirect("filing", number=number)
    values = forms.answers_of(entry.content)
    refusal: Refusal | None = None
    if request.method == "POST":
        values = posted(request)
        if not _more(request):
            try:
                once(
                    request,
                    values,
                    lambda: {"number": services.revise(actor, number, resource, values, revision_of(request)).number},
                )
                return redirect("filing", number=number)
            except Refusal as error:
                refusal = error
    return _form(
        request,
        Text("修改目录", "Edit the entry"),
        values,
        refusal,
        f"/desk/filings/{number}",
        rev=filing.case.revision,
    )


urlpatterns = [
    path("desk/catalogue", resource_list, name="own-resources"),
    path("desk/catalogue/new", new_resource, name="new-resource"),
    path("desk/catalogue/<str:number>", resource_page, name="own-resource"),
    path("desk/catalogue/<str:number>/change", change_resource, name="change-resource"),
    path("desk/catalogue/<str:number>/updated", data_updated, name="data-updated"),
    path("desk/catalogue/<str:number>/file/<str:kind>", change_standing, name="change-standing"),
    path("desk/filings", filing_list, name="filings"),
    path("desk/filings/<str:number>", filing_page, name="filing"),
    path("desk/filings/<str:number>/entries/<str:resource>", edit_entry, name="edit-entry"),
    *import_pages.urlpatterns,
    *board_pages.urlpatterns,
    *public_pages.urlpatterns,
]
