"""The coverage board, and 一件事 with what is missing of each."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import paging
from shugang.kernel.errors import Refusal
from shugang.market.http import form_state, member, once, status_of, visitor
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.jinja import t, tx

from . import bundles, coverage, presenting
from .models import ServiceBundle
from .public_pages import json_answer

HEADER = (Text("部门", "Department"), Text("已发布", "Published"), Text("编制中", "In preparation"), *coverage.LACKS.values(),
          Text("完整", "Nothing missing"), Text("完整率（%）", "Share (%)"))  # fmt: skip
NEEDS = (
    Text("信息项", "Item"),
    Text("数据元", "Data element"),
    Text("情况", "Standing"),
    Text("目录", "Entry"),
    Text("部门", "Department"),
)
SHOWN = 20


@require_GET
def board(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    lines = coverage.board(actor)
    if request.GET.get("format") == "csv":
        return csv_response("coverage", HEADER, (
            [presenting.name_of(x.department), x.published, x.drafts, *x.lacks.values(), x.whole, x.share] for x in lines))  # fmt: skip
    total = sum(x.published for x in lines)
    whole = sum(x.whole for x in lines)
    context = {
        "lines": lines, "lacks": coverage.LACKS, "chart": _chart(lines[:SHOWN]), "total": total, "whole": whole,
        "own": actor.party_id, "office": "data_office" in actor.roles, "json_url": "/api/v1/public-data-coverage",
    }  # fmt: skip
    return render(request, "publicdata/catalogue/coverage.html", context)


def _chart(lines: list[coverage.Line]) -> dict[str, Any]:
    """Each department's entries by their first lack; one bar a department, the longest lists first."""
    shown = [x for x in reversed(lines) if x.published]
    series = [(t("完整", "Nothing missing"), [x.whole for x in shown])]
    series += [(tx(label), [x.first[name] for x in shown]) for name, label in coverage.LACKS.items()]
    return {
        "type": "bar", "unit": t("条", "entries"), "x": [tx(presenting.name_of(x.department)) for x in shown], "flip": True,
        "series": [{"name": name, "data": data, "stack": "all"} for name, data in series],
    }  # fmt: skip


@require_GET
def bundle_list(request: HttpRequest) -> HttpResponse:
    page = paging.page(ServiceBundle.objects.select_related("lead"), request.GET.get("after", ""))
    found = bundles.found_of(page.items)
    rows = [
        (b, presenting.name_of(b.lead), len(found[b.pk]), sum(not f.there for f in found[b.pk])) for b in page.items
    ]
    context = {
        "page": page,
        "rows": rows,
        "may": bundles.may_keep(visitor(request)),
        "json_url": "/public-data/bundles.json",
    }
    return render(request, "publicdata/catalogue/bundles.html", context)


@require_GET
def bundle_list_json(request: HttpRequest) -> HttpResponse:
    page = paging.page(ServiceBundle.objects.select_related("lead"), request.GET.get("after", ""))
    found = bundles.found_of(page.items)
    return json_answer(
        {"items": [bundles.as_json(b, found[b.pk]) for b in page.items], "next": page.next, "total": page.total}
    )


@require_GET
def bundle_page(request: HttpRequest, number: str) -> HttpResponse:
    bundle = bundles.public_bundle(number)
    found = bundles.found_of([bundle])[bundle.pk]
    if request.GET.get("format") == "csv":
        return csv_response("bundle", NEEDS, (
            [f.need.name, f.need.element, bundles.STANDINGS[f.standing][0], f.item.resource.code if f.item else "",
             presenting.name_of(f.item.resource.department) if f.item else ""] for f in found))  # fmt: skip
    context = {
        "bundle": bundle, "lead": presenting.name_of(bundle.lead), "may": bundles.may_keep(visitor(request)),
        "rows": [(f, *bundles.STANDINGS[f.standing], presenting.name_of(f.item.resource.department) if f.item else None) for f in found],
        "lacking": sum(not f.there for f in found), "json_url": f"/public-data/bundles/{number}.json", **form_state(None),
    }  # fmt: skip
    return render(request, "publicdata/catalogue/bundle.html", context)


@require_GET
def bundle_page_json(request: HttpRequest, number: str) -> HttpResponse:
    bundle = bundles.public_bundle(number)
    return json_answer(bundles.as_json(bundle, bundles.found_of([bundle])[bundle.pk]))


@require_http_methods(["GET", "POST"])
def keep_bundle(request: HttpRequest, number: str = "") -> HttpResponseBase:
    actor = member(request)
    bundles.require_keeper(actor)
    values: dict[str, Any] = bundles.spelled(bundles.public_bundle(number)) if number else {}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {f.name: request.POST.get(f.name, "") for f in bundles.FORM.fields}
        try:
            made = once(request, [values, number], lambda: {"number": bundles.keep(actor, values, number).number})
            return redirect("public-bundle", number=made["number"])
        except Refusal as error:
            refusal = error
    title = Text("修改“一件事”", "Change the bundle") if number else Text("新建“一件事”", "New life-event bundle")
    context = {
        "title": title, "fields": bundles.FORM.fields, "values": values, "verb": Text("保存", "Save"), "action_url": request.path,
        "effects": [("eye", Text("对所有人公开，逐项列出目录中有没有、能不能共享", "Shown to everybody, with whether each item is there and shared"))],
        "back_url": f"/public-data/bundles/{number}" if number else "/public-data/bundles", **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


@require_http_methods(["POST"])
def remove_bundle(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)

    def run() -> dict[str, Any]:
        bundles.remove(actor, number)
        return {"number": number}

    once(request, number, run)
    return redirect("public-bundles")


urlpatterns = [
    path("desk/catalogue-coverage", board, name="catalogue-coverage"),
    path("desk/bundles-of-services/new", keep_bundle, name="new-bundle-of-services"),
    path("desk/bundles-of-services/<str:number>/edit", keep_bundle, name="edit-bundle-of-services"),
    path("desk/bundles-of-services/<str:number>/remove", remove_bundle, name="remove-bundle-of-services"),
    path("public-data/bundles", bundle_list, name="public-bundles"),
    path("public-data/bundles.json", bundle_list_json, name="public-bundles-json"),
    path("public-data/bundles/<str:number>.json", bundle_page_json, name="public-bundle-json"),
    path("public-data/bundles/<str:number>", bundle_page, name="public-bundle"),
]
